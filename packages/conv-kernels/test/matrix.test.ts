import { describe, expect, it } from 'vitest';
import { convProblem, type ConvCase } from '../gpu/cases.js';
import { random } from '../gpu/random.js';
import { highHalf, lowHalf, powerOfTwoScale, putSplitHalves, splitRow } from '../src/packing/split-halves.js';
import { matrixPacking } from '../src/algorithms/matrix/packing.js';
import { chainSlices } from '../src/algorithms/matrix/params.js';
import { matrixUnits, type MatrixTile } from '../src/algorithms/matrix/shape.js';
import { explainConv, fromHalf, planConv, planGemm, type DeviceProfile, type GemmProblem } from '../src/index.js';
import { implicitConv } from '../src/implicit.js';
import { gpu, matrixGpu } from '../../../tools/testing/devices.js';

const tile: MatrixTile = { rows: 64, columns: 64, depth: 32, subgroupRows: 32, subgroupColumns: 32 };
const conv: ConvCase = {
  batch: 4,
  channels: [128, 256],
  size: [14, 13],
  kernel: [3, 3],
  pads: [1, 1, 1, 1],
  bias: true,
};
const only = 'implicit-gemm-matrix';

/** Devices of other vendors, by their matrices. */
const apple: DeviceProfile = {
  ...matrixGpu,
  vendor: 'apple',
  maxWorkgroupStorage: 32768,
  subgroupMatrixConfigs: ['f32', 'f16'].map((type) => ({
    componentType: type,
    resultComponentType: type,
    M: 8,
    N: 8,
    K: 8,
  })),
};
const intel: DeviceProfile = {
  ...matrixGpu,
  vendor: 'intel',
  subgroupMinSize: 16,
  subgroupMatrixConfigs: [{ componentType: 'f16', resultComponentType: 'f32', M: 8, N: 16, K: 16 }],
};

const splitHalves = (value: number): [number, number] => [highHalf(value), lowHalf(value, highHalf(value))];

describe('the halves of a weight', () => {
  it('keeps 22 bits of a value in two f16', () => {
    const source = random(11);
    for (let i = 0; i < 2000; i++) {
      const value = Math.fround((source.next() * 2 - 1) * 2 ** source.int(-2, 14));
      const [high, low] = splitHalves(value);
      const error = Math.abs(fromHalf(high) + fromHalf(low) - value);
      expect(error).toBeLessThanOrEqual(Math.max(2 ** -22 * Math.abs(value), 2 ** -25));
    }
  });

  it('gives a high half of 0 only for 0, and no low half to what is not finite', () => {
    expect(splitHalves(0)).toEqual([0, 0]);
    expect(splitHalves(1e-12)[0]).toBe(1);
    expect(splitHalves(-1e-12)[0]).toBe(0x8001);
    expect(splitHalves(Infinity)).toEqual([0x7c00, 0]);
    expect(splitHalves(NaN)[1]).toBe(0);
  });

  it('are the same taken one by one or a row at a time', () => {
    const source = random(12);
    const special = [0, -0, 1e-12, -1e-12, 2 ** -14, 2 ** -24, 65519, 65520, -Infinity, Infinity, NaN, 1.5e-45];
    const row = splitRow(special.length + 500);
    const { values } = row.values;
    values.set(special);
    for (let i = special.length; i < values.length; i++) values[i] = (source.next() * 2 - 1) * 2 ** source.int(-30, 15);
    const out = new Uint16Array(2 * values.length);
    putSplitHalves(row, values.length, out, 0, values.length);
    const pairs = Array.from(values, (_, i) => [out[i], out[values.length + i]]);
    expect(pairs).toEqual(Array.from(values, splitHalves));
  });

  it('is used on columns scaled to the top of the range of f16', () => {
    for (const most of [1e-38, 3e-5, 0.7, 1, 65504, 3e38]) {
      const scaled = most * powerOfTwoScale(most);
      expect(scaled).toBeLessThan(2 ** 15);
      if (most > 2 ** -86) expect(scaled).toBeGreaterThanOrEqual(2 ** 14);
    }
  });
});

describe('packed weights', () => {
  it('hold every weight once, by tiles of columns, taps inside slices of channels, zeros elsewhere, and the columns scales', () => {
    const problem = convProblem({ channels: [40, 84], size: [5, 4], kernel: [1, 3] });
    const p = implicitConv(problem);
    const units = matrixUnits(matrixGpu, 'f32');
    if (typeof units === 'string') throw new Error(units);
    const packing = matrixPacking(p, tile, units);
    const source = random(3);
    const values = Float32Array.from({ length: 84 * 40 * 3 }, () => source.next() * 2 - 1);
    const packed = packing.pack(values);
    expect(packed.byteLength).toBe(packing.byteLength);
    const halves = new Uint16Array(packed.buffer, packed.byteOffset);
    const rows = 2 * 3 * 32;
    const scales = new Float32Array(packed.buffer, packed.byteOffset + 2 * 2 * rows * 128, 128);
    let used = 0;
    for (let slice = 0; slice < 6; slice++) {
      for (let k = 0; k < 32; k++) {
        for (let column = 0; column < 128; column++) {
          const at = (Math.floor(column / 64) * rows + slice * 32 + k) * 64 + (column % 64);
          const value = fromHalf(halves[at]) + fromHalf(halves[at + rows * 128]);
          const [channel, tap] = [Math.floor(slice / 3) * 32 + k, slice % 3];
          if (channel >= 40 || column >= 84) expect(value).toBe(0);
          else {
            used++;
            expect(value * scales[column]).toBeCloseTo(values[(column * 40 + channel) * 3 + tap], 6);
          }
        }
      }
    }
    expect(used).toBe(values.length);
  });
});

describe('chainSlices', () => {
  it('keeps the error of units that cut off below that of an f32 chain of the same K', () => {
    for (const channels of [128, 256, 576, 1152, 2304, 4608]) {
      const p = implicitConv(convProblem({ channels: [channels, 8], size: [3, 2] }));
      const chain = chainSlices(p, tile) * tile.depth;
      expect(cutOffError(channels, chain, 5)).toBeLessThan(1.26e-8 * Math.sqrt(channels));
      expect(chain).toBeGreaterThanOrEqual(64);
    }
  });
});

/** The rms error, over the sum's deviation, of sums of products in steps of 16 that round toward zero, cut into chains. */
function cutOffError(k: number, chain: number, seed: number): number {
  const source = random(seed);
  const gauss = (): number => Math.sqrt(-2 * Math.log(1 - source.next())) * Math.cos(2 * Math.PI * source.next());
  let [errors, squares] = [0, 0];
  for (let trial = 0; trial < 300; trial++) {
    let [total, exact, sum, terms] = [0, 0, 0, 0];
    for (let step = 0; step < k; step += 16) {
      let products = 0;
      for (let i = 0; i < 16; i++) products += Math.max(0, gauss()) * gauss();
      exact += products;
      sum = towardZero(sum + products);
      terms += 16;
      if (terms < chain && step + 16 < k) continue;
      total = Math.fround(total + sum);
      [sum, terms] = [0, 0];
    }
    errors += (total - exact) ** 2;
    squares += exact ** 2;
  }
  return Math.sqrt(errors / squares);
}

function towardZero(value: number): number {
  const nearest = Math.fround(value);
  if (Math.abs(nearest) <= Math.abs(value)) return nearest;
  const bits = new Uint32Array(new Float32Array([nearest]).buffer);
  bits[0] -= 1;
  return new Float32Array(bits.buffer)[0];
}

describe('implicit-gemm-matrix', () => {
  it('takes f16 and long f32 sums on devices with matrices, and says why it refuses others', () => {
    const refusal = (c: ConvCase, device: DeviceProfile): string | undefined =>
      explainConv(convProblem(c), device).find(({ algorithm }) => algorithm === only)?.refusal;
    expect(refusal(conv, gpu)).toMatch(/no subgroup matrices/);
    expect(refusal({ ...conv, channels: [3, 8] }, matrixGpu)).toMatch(/less accurate|side by side/);
    expect(refusal({ ...conv, channels: [6, 8], kernel: [5, 5] }, matrixGpu)).toMatch(/four channels/);
    expect(refusal({ ...conv, channels: [64, 8], kernel: [1, 1] }, matrixGpu)).toMatch(/less accurate/);
    expect(refusal({ ...conv, input: 'nchw' }, matrixGpu)).toMatch(/side by side/);
    expect(planConv(convProblem(conv), matrixGpu).algorithm).toBe(only);
    expect(planConv(convProblem({ ...conv, elementType: 'f16' }), matrixGpu).algorithm).toBe(only);
    expect(planConv(convProblem(conv), matrixGpu, { forbid: [only] }).algorithm).toMatch(/^(winograd|implicit-gemm)$/);
  });

  it('takes products with constant factors alone', () => {
    const matrix = { offset: 0, batchStride: 0, rowStride: 512, columnStride: 1 };
    const product: GemmProblem = {
      ...{ batch: 1, m: 300, n: 512, k: 512, elementType: 'f16' },
      ...{ a: matrix, b: matrix, c: matrix, epilogue: { bias: true } },
    };
    expect(planGemm(product, matrixGpu, { constantB: true }).algorithm).toBe(only);
    expect(planGemm(product, matrixGpu, { constantB: false }).algorithm).toBe('implicit-gemm');
  });

  it('uses f32 matrices as they are, and pins the size of subgroups where there are several', () => {
    expect(matrixUnits(apple, 'f32')).toMatchObject({ type: 'f32', parts: 1, m: 8, n: 8, k: 8 });
    expect(matrixUnits(apple, 'f16')).toMatch(/no f16 matrices with sums in f32/);
    expect(matrixUnits(intel, 'f32')).toMatchObject({ type: 'f16', parts: 2, m: 8, n: 16, k: 16, pinsLanes: true });
    expect(planConv(convProblem(conv), intel, { only }).dispatches[0].kernel.code).toContain('@subgroup_size(32)');
    expect(matrixUnits({ ...intel, hasSubgroupSizeControl: false }, 'f32')).toMatch(/several sizes/);
  });

  it('spreads loads over the products of a large tile where a sum has slices to load, else puts them in a loop', () => {
    const codeOf = (channels: number): string => {
      const problem = convProblem({ ...conv, channels: [channels, 256], kernel: [1, 1], pads: undefined });
      const plan = planConv({ ...problem, elementType: 'f16' }, matrixGpu, { only: `${only} 128x128x64/64x32 of f16` });
      return plan.dispatches[0].kernel.code;
    };
    expect(codeOf(128)).toContain('for (var turn');
    expect(codeOf(192)).not.toContain('for (var turn');
  });

  it('stays within the device', () => {
    for (const device of [matrixGpu, apple, intel]) {
      for (const { algorithm, variant } of explainConv(convProblem(conv), device)) {
        if (algorithm !== only) continue;
        const [{ kernel }] = planConv(convProblem(conv), device, { only: `${only} ${variant}` }).dispatches;
        const [x, y, z] = kernel.workgroupSize;
        expect(x * y * z).toBeLessThanOrEqual(device.maxInvocationsPerWorkgroup);
        const staged = Number(/var<workgroup> stage: array<vec4u, (\d+)>/.exec(kernel.code)![1]);
        expect(16 * staged).toBeLessThanOrEqual(device.maxWorkgroupStorage);
        expect(kernel.code).not.toMatch(/\d\.5u/);
      }
    }
  });
});
