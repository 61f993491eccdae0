import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../../../tools/testing/index.js';
import { acquireDevice, createSession, type Device } from '../../src/index.js';

/** Numbers with all bits of the significand in use, from 2^-40 to 2^40. */
function pseudoRandom(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const exponent = (state >>> 24) % 81;
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (1 + state / 2 ** 32) * 2 ** (exponent - 40) * (state & 256 ? -1 : 1);
  });
}

async function divide(device: Device, a: Float32Array<ArrayBuffer>, b: Float32Array<ArrayBuffer>) {
  const dims = [a.length];
  const model = buildModel({
    opset: 21,
    inputs: ['a', 'b'].map((name) => ({ name, dataType: 'float32' as const, dims })),
    outputs: [{ name: 'y' }],
    nodes: [{ opType: 'Div', inputs: ['a', 'b'], outputs: ['y'] }],
  });
  const session = await createSession(model, { device });
  try {
    const { y } = await session.run({
      a: { dataType: 'float32', dims, data: a },
      b: { dataType: 'float32', dims, data: b },
    });
    return y.data as Float32Array;
  } finally {
    session.dispose();
  }
}

describe('Div of f32', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());

  it('is correctly rounded', async () => {
    const [a, b] = [pseudoRandom(20011, 1), pseudoRandom(20011, 7)];
    const y = await divide(device, a, b);
    const wrong = Array.from(y).filter((value, i) => value !== Math.fround(a[i] / b[i]));
    expect(wrong).toEqual([]);
  });

  it('gives what whole quotients and halves are', async () => {
    const b = Float32Array.from({ length: 4099 }, (_, i) => (i + 1) / 255);
    const a = b.map((value, i) => Math.fround(value * (i % 256)));
    const y = await divide(device, a, b);
    expect(Array.from(y)).toEqual(Array.from(a, (value, i) => Math.fround(value / b[i])));
  });

  it('keeps zeros, infinities, NaN and quotients of the largest and smallest normal numbers', async () => {
    const a = Float32Array.of(0, -0, 1e30, -1e30, 2 ** 127, 2 ** -126, 2 ** -126, 6, Infinity, 1, 0, 5);
    const b = Float32Array.of(3, 3, 1e-30, 1e-30, 2 ** 100, 2 ** -126, 0.5, 2, 2, Infinity, 0, 0);
    const y = await divide(device, a, b);
    expect(Array.from(y)).toEqual([0, -0, Infinity, -Infinity, 2 ** 27, 1, 2 ** -125, 3, Infinity, 0, NaN, Infinity]);
  });
});
