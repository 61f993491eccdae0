import { describe, expect, it } from 'vitest';
import { fftPacking, frequencyOrder } from '../src/algorithms/fft-packing.js';
import { convAlgorithms, planConv, type ConvProblem } from '../src/index.js';
import { implicitConv } from '../src/implicit.js';
import { convProblem } from '../gpu/cases.js';
import { gpu, least, matrixGpu, software } from '../../../tools/testing/devices.js';

const layer = (k: number, channels: [number, number], groups = 1): ConvProblem =>
  convProblem({ channels, size: [56, 48], kernel: [k, k], pads: [k >> 1, k >> 1, k >> 1, k >> 1], groups, bias: true });

describe('fft', () => {
  const fft = convAlgorithms.find((a) => a.name === 'fft')!;

  it('is chosen on CPU adapters from some kernel size on, dense and depthwise', () => {
    expect([3, 5].map((k) => planConv(layer(k, [32, 32]), software).algorithm)).not.toContain('fft');
    expect([15, 21, 31].map((k) => planConv(layer(k, [32, 32]), software).algorithm)).toEqual(['fft', 'fft', 'fft']);
    expect([7, 11].map((k) => planConv(layer(k, [32, 32], 32), software).algorithm)).not.toContain('fft');
    expect(planConv(layer(31, [32, 32], 32), software).variant).toBe('64x64 depthwise');
  });

  it('is chosen on GPUs from some kernel size on, with the tile that wastes less', () => {
    for (const device of [gpu, matrixGpu]) {
      expect(planConv(layer(3, [32, 32]), device).algorithm).not.toBe('fft');
      expect(planConv(layer(3, [32, 32], 32), device).algorithm).toBe('depthwise');
      expect(planConv(layer(17, [16, 16]), device).variant).toBe('32x32');
      expect(planConv(layer(31, [16, 16]), device).variant).toBe('64x64');
      expect(planConv(layer(11, [64, 64], 64), device).variant).toBe('32x32 depthwise');
      expect(planConv(layer(31, [64, 64], 64), device).variant).toBe('64x64 depthwise');
    }
  });

  it('says why it does not take a problem', () => {
    expect(fft.supports(layer(11, [8, 8]), gpu)).toBe(true);
    expect(fft.supports(convProblem({ channels: [4, 4], size: [70, 70], kernel: [65, 3] }), gpu)).toMatch(
      /larger than/,
    );
    expect(fft.supports(layer(51, [8, 8]), least)).toMatch(/bytes of workgroup memory/);
    expect(fft.supports(layer(11, [512, 512]), software)).toMatch(/bytes of packed weights/);
  });

  it('takes tiles of 32 alone where workgroup memory is short', () => {
    expect(planConv(layer(11, [8, 8]), least, { only: 'fft' }).variant).toBe('32x32');
    expect(() => planConv(layer(11, [8, 8]), least, { only: 'fft 64x64' })).toThrow(/no variant/);
  });

  it('orders frequencies as two passes leave them, each once', () => {
    expect(frequencyOrder(32).slice(0, 9)).toEqual([0, 8, 16, 24, 1, 9, 17, 25, 2]);
    for (const size of [32, 64] as const) {
      expect([...frequencyOrder(size)].sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
    }
  });

  it('packs the transform of a shifted tap, conjugated', () => {
    const p = implicitConv(convProblem({ channels: [1, 1], size: [9, 9], kernel: [1, 2], dilation: [1, 3] }));
    const packing = fftPacking(p, { size: 32 });
    const packed = packing.pack(Float32Array.of(0, 2)) as Float32Array;
    expect(packed.byteLength).toBe(packing.byteLength);
    frequencyOrder(32).forEach((frequency, i) => {
      const angle = (2 * Math.PI * 3 * frequency) / 32;
      expect(packed[64 + 2 * i] * 512).toBeCloseTo(Math.cos(angle), 6);
      expect(packed[64 + 2 * i + 1] * 512).toBeCloseTo(Math.sin(angle), 6);
    });
  });
});
