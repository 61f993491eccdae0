import { describe, expect, it } from 'vitest';
import { digitFromInk, digitSize } from '../src/pictures/digit.js';
import { psnr, resampleCubic, type Planes } from '../src/pictures/resample.js';
import { toPlanes, toTensor } from '../src/pictures/tensors.js';

const picture = (width: number, height: number, value: (x: number, y: number) => number): Planes => ({
  width,
  height,
  planes: [Float32Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width)))],
});

describe('bicubic resampling', () => {
  it('keeps a constant picture, in both directions', () => {
    const grey = picture(7, 5, () => 0.25);
    for (const [width, height] of [
      [14, 10],
      [3, 2],
    ]) {
      for (const value of resampleCubic(grey, width, height).planes[0]) expect(value).toBeCloseTo(0.25, 6);
    }
  });

  it('gives the values between samples that the kernel defines', () => {
    // At the first quarter between samples, Keys' kernel with a = -0.5 weighs -9/128, 111/128, 29/128 and -3/128.
    const step = picture(8, 1, (x) => (x === 4 ? 1 : 0));
    const doubled = resampleCubic(step, 16, 1).planes[0];
    expect(doubled[9]).toBeCloseTo(111 / 128, 6);
    expect(doubled[10]).toBeCloseTo(29 / 128, 6);
    expect(doubled[12]).toBe(0);
  });

  it('clamps what overshoots', () => {
    const edge = resampleCubic(
      picture(6, 1, (x) => (x < 3 ? 0 : 1)),
      12,
      1,
    );
    expect(Math.min(...edge.planes[0])).toBe(0);
    expect(Math.max(...edge.planes[0])).toBe(1);
  });
});

describe('PSNR', () => {
  it('is 10 log10(1 / mean squared error), inside the border', () => {
    const truth = picture(10, 12, () => 102 / 255);
    const answer = picture(10, 12, (x, y) => (x < 4 || y < 4 || x > 5 || y > 7 ? 0 : 153 / 255));
    expect(psnr(answer, truth)).toBeCloseTo(20 * Math.log10(5), 5);
    expect(psnr(truth, truth)).toBe(Infinity);
  });

  it('refuses pictures of different sizes', () => {
    const of = (width: number) => picture(width, 9, () => 0);
    expect(() => psnr(of(9), of(10))).toThrow('9x9 and 10x9');
  });
});

it('tensors and planes hold the same values', () => {
  const planes = [1, 2, 3].map((c) => Float32Array.from({ length: 6 }, (_, i) => c + i / 10));
  const tensor = toTensor({ width: 3, height: 2, planes });
  expect(tensor.dims).toEqual([1, 3, 2, 3]);
  expect(toPlanes(tensor).planes).toEqual(planes);
});

describe('ink to a digit', () => {
  const ink = (width: number, height: number, isInked: (x: number, y: number) => boolean) => {
    const data = new Uint8ClampedArray(4 * width * height);
    for (let i = 0; i < width * height; i++) data[4 * i + 3] = isInked(i % width, Math.floor(i / width)) ? 255 : 0;
    return { width, height, data, colorSpace: 'srgb' } as ImageData;
  };

  it('stretches what is drawn to the whole height, wherever it stands', () => {
    const bar = digitFromInk(ink(64, 48, (x, y) => x >= 50 && x < 52 && y >= 10 && y < 26))!;
    for (let y = 0; y < digitSize; y++) {
      expect([...bar.subarray(y * digitSize, (y + 1) * digitSize)]).toEqual([0, 0, 0, 0.5, 0.5, 0, 0, 0]);
    }
  });

  it('leaves the sides of a wide drawing free', () => {
    const wide = digitFromInk(ink(40, 40, (x, y) => x >= 5 && x < 35 && y >= 10 && y < 20))!;
    expect(wide[3 * digitSize]).toBe(0);
    expect(wide[3 * digitSize + 1]).toBe(1);
    expect(wide[3 * digitSize + 6]).toBe(1);
    expect(wide[3 * digitSize + 7]).toBe(0);
  });

  it('is nothing without ink', () => {
    expect(digitFromInk(ink(8, 8, () => false))).toBeUndefined();
  });
});
