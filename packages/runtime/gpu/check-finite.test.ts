import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { acquireDevice, createSession, type Device } from '../src/index.js';

/** Squares, then cuts at 1: what overflows on the way does not show in the output. */
const model = buildModel({
  inputs: [{ name: 'x', dataType: 'float32', dims: [3, 301] }],
  outputs: [{ name: 'y', dataType: 'float32' }],
  nodes: [
    { opType: 'Mul', name: 'square', inputs: ['x', 'x'], outputs: ['a'] },
    { opType: 'Sqrt', name: 'root', inputs: ['a'], outputs: ['b'] },
    { opType: 'Atan', name: 'bound', inputs: ['b'], outputs: ['y'] },
  ],
});

function input(largest: number): Float32Array {
  const x = new Float32Array(903).fill(1);
  x[777] = largest;
  return x;
}

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

it('names the first node that gives an infinity, and lets finite values pass', async () => {
  const session = await createSession(model, { device, checkFinite: true });
  const { y } = await session.run({ x: input(1e18) });
  expect((y.data as Float32Array)[777]).toBeCloseTo(Math.PI / 2, 5);
  await expect(session.run({ x: input(1e20) })).rejects.toMatchObject({
    code: 'NOT_FINITE',
    node: 'square',
    message: expect.stringContaining('1 of 903 values'),
  });
  await session.run({ x: input(2) });
  session.dispose();
});

it('finds what leaves the range of f16 alone', async () => {
  const open = createSession(model, { device, checkFinite: true, precision: 'fp16' });
  if (!device.profile.hasF16) return expect(open).rejects.toMatchObject({ code: 'UNSUPPORTED_DEVICE' });
  const session = await open;
  await session.run({ x: input(200) });
  await expect(session.run({ x: input(300) })).rejects.toMatchObject({ code: 'NOT_FINITE', node: 'square' });
  session.dispose();
});
