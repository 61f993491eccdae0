import { describe, expect, it } from 'vitest';
import {
  combination,
  errorGrowth,
  winograd2,
  winograd4,
  type WinogradTransform,
} from '../src/algorithms/winograd-transform.js';
import { convAlgorithms, planConv, type ConvProblem } from '../src/index.js';
import { planTolerance, sumTolerance } from '../src/tolerance.js';
import { convProblem } from '../gpu/cases.js';
import { gpu, least, matrixGpu, software, swiftShader } from '../../../tools/testing/devices.js';

const square = (channels: [number, number], size: [number, number]): ConvProblem =>
  convProblem({ channels, size, kernel: [3, 3], pads: [1, 1, 1, 1], bias: true });

function multiply(matrix: readonly (readonly number[])[], vector: readonly number[]): number[] {
  return matrix.map((row) => row.reduce((sum, value, i) => sum + value * vector[i], 0));
}

/** y = output * ((filter * g) x (input * d)). */
function filtered(t: WinogradTransform, d: readonly number[], g: readonly number[]): number[] {
  const transformed = multiply(t.filter, g);
  return multiply(
    t.output,
    multiply(t.input, d).map((value, i) => value * transformed[i]),
  );
}

describe('the minimal filters', () => {
  for (const t of [winograd2, winograd4]) {
    it(`F(${t.outputs}, 3) is a filter of three taps`, () => {
      const d = Array.from({ length: t.points }, (_, i) => Math.sin(3 * i + 1));
      const g = [0.7, -1.3, 0.4];
      filtered(t, d, g).forEach((value, i) => {
        expect(value).toBeCloseTo(d[i] * g[0] + d[i + 1] * g[1] + d[i + 2] * g[2], 12);
      });
    });
  }

  it('round more than a direct sum, F(4, 3) more than F(2, 3)', () => {
    expect(errorGrowth(winograd2)).toBeCloseTo(5 / 3, 12);
    expect(errorGrowth(winograd4)).toBeCloseTo(7.125, 12);
  });

  it('are written without terms of zero and factors of one', () => {
    expect(combination([-1, 0, 1, 0.5], ['a', 'b', 'c', 'd'])).toBe('-a + c + 0.5f * d');
  });
});

describe('winograd', () => {
  it('takes tiles of 4x4 where they are used well, and of 2x2 of small outputs', () => {
    const variant = (size: [number, number]): string =>
      planConv(square([64, 64], size), gpu, { only: 'winograd' }).variant;
    expect(variant([56, 40])).toMatch(/^F\(4x4,3x3\)/);
    expect(variant([7, 7])).toMatch(/^F\(2x2,3x3\)/);
  });

  it('is chosen with enough channels where it was timed, if it fills a GPU without matrices, and nowhere else', () => {
    const many = { ...square([256, 256], [28, 24]), batch: 16 };
    expect(planConv(square([64, 64], [56, 40]), software).algorithm).toBe('winograd');
    expect(planConv(square([16, 16], [56, 40]), software).algorithm).toBe('implicit-gemm');
    expect(planConv(many, gpu).algorithm).toBe('winograd');
    expect(planConv(many, gpu, { strict: true }).algorithm).toBe('implicit-gemm');
    expect(planConv(many, matrixGpu).algorithm).toBe('implicit-gemm-matrix');
    expect(planConv(many, { ...gpu, vendor: 'amd' }).algorithm).toBe('implicit-gemm');
    for (const device of [gpu, least]) {
      for (const problem of [square([64, 64], [56, 40]), square([512, 512], [7, 7]), square([8, 8], [5, 4])]) {
        expect(planConv(problem, device).algorithm).not.toBe('winograd');
      }
    }
  });

  it('says why it does not take a problem', () => {
    const winograd = convAlgorithms.find((a) => a.name === 'winograd')!;
    const good = square([8, 8], [9, 7]);
    expect(winograd.supports(good, gpu)).toBe(true);
    expect(winograd.supports({ ...good, kernelWidth: 5 }, gpu)).toMatch(/3x3/);
    expect(winograd.supports({ ...good, strideHeight: 2 }, gpu)).toMatch(/stride/);
    expect(winograd.supports({ ...good, dilationWidth: 2 }, gpu)).toMatch(/dilation/);
    expect(winograd.supports({ ...good, groups: 2 }, gpu)).toMatch(/groups/);
    expect(winograd.supports(square([2048, 2048], [9, 7]), software)).toMatch(/packed weights/);
    expect(winograd.supports(square([64, 64], [900, 700]), software)).toMatch(/scratch/);
  });

  it('packs a transformed filter, one value a point', () => {
    const plan = planConv(square([1, 1], [8, 8]), gpu, { only: 'winograd' });
    const packed = plan.packing!.pack(Float32Array.from({ length: 9 }, (_, i) => i + 1)) as Float32Array;
    expect(packed.byteLength).toBe(plan.packing!.byteLength);
    expect(packed[0]).toBeCloseTo(1, 6);
    expect(packed.filter((value) => value !== 0)).toHaveLength(plan.variant.startsWith('F(4x4') ? 36 : 16);
  });

  it('is compared with more room than a direct sum', () => {
    const room = (variant: string): number => planTolerance({ algorithm: 'winograd', variant }, 90, 'f32').absolute;
    expect(planTolerance({ algorithm: 'direct', variant: 'direct' }, 90, 'f32')).toEqual(sumTolerance(90, 1, 'f32'));
    expect(room('F(2x2,3x3) 64x4x16')).toBeGreaterThan(sumTolerance(90, 1, 'f32').absolute);
    expect(room('F(4x4,3x3) 64x4x16')).toBeGreaterThan(room('F(2x2,3x3) 64x4x16'));
  });
});

describe('the other algorithms', () => {
  it('never take more threads than the device allows, and whole subgroups where they fit', () => {
    const problem = square([8, 12], [9, 7]);
    for (const name of ['direct-wide', 'tiled', 'vectorized']) {
      for (const device of [gpu, software, { ...least, maxInvocationsPerWorkgroup: 128 }]) {
        const [x, y, z] = planConv(problem, device, { only: name }).dispatches[0].kernel.workgroupSize;
        expect(x * y * z).toBeLessThanOrEqual(Math.min(256, device.maxInvocationsPerWorkgroup));
        expect((x * y * z) % Math.max(1, device.subgroupMaxSize)).toBe(0);
      }
    }
  });

  it('never displace faster ones on CPU adapters', () => {
    for (const device of [software, swiftShader]) {
      for (const size of [
        [1, 1],
        [5, 4],
        [56, 40],
      ] as [number, number][]) {
        const { algorithm } = planConv(square([8, 12], size), device);
        expect(['implicit-gemm', 'direct', 'depthwise', 'winograd']).toContain(algorithm);
      }
    }
  });

  it('vectorized refuses channels that are not fours', () => {
    expect(() => planConv(square([6, 8], [9, 7]), gpu, { only: 'vectorized' })).toThrow(/input channels/);
    expect(() => planConv(square([8, 6], [9, 7]), gpu, { only: 'vectorized' })).toThrow(/output channels/);
  });
});
