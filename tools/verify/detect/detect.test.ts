import { describe, expect, it } from 'vitest';
import { overlap, suppress, type Box } from './boxes.js';
import { decodeFastestDet } from './fastestdet.js';
import { decodeUltraFace } from './ultraface.js';

const box = (left: number, top: number, right: number, bottom: number): Box => ({ left, top, right, bottom });

describe('boxes', () => {
  it('overlap by intersection over union', () => {
    expect(overlap(box(0, 0, 2, 1), box(0, 0, 2, 1))).toBe(1);
    expect(overlap(box(0, 0, 2, 1), box(1, 0, 3, 1))).toBeCloseTo(1 / 3);
    expect(overlap(box(0, 0, 1, 1), box(1, 0, 2, 1))).toBe(0);
  });

  it('give way to better ones of their label', () => {
    const detections = [
      { label: 0, score: 0.7, box: box(0, 0, 1, 1) },
      { label: 0, score: 0.9, box: box(0, 0, 1, 0.9) },
      { label: 1, score: 0.5, box: box(0, 0, 1, 1) },
      { label: 0, score: 0.6, box: box(2, 2, 3, 3) },
    ];
    expect(suppress(detections, 0.5).map(({ score }) => score)).toEqual([0.9, 0.6, 0.5]);
  });
});

describe('FastestDet', () => {
  it('decodes a cell of a grid of 2 rows and 3 columns', () => {
    const dims = [1, 7, 2, 3];
    const data = new Float32Array(7 * 6);
    const set = (channel: number, value: number) => (data[channel * 6 + 1 * 3 + 2] = value);
    [0.81, Math.atanh(0.5), Math.atanh(-0.5), 0, Math.log(3), 0.1, 0.64].forEach((value, channel) =>
      set(channel, value),
    );
    const [found, ...others] = decodeFastestDet(data, dims, 0.5);
    expect(others).toEqual([]);
    expect(found.label).toBe(1);
    expect(found.score).toBeCloseTo(0.81 ** 0.6 * 0.64 ** 0.4, 6);
    const { left, top, right, bottom } = found.box;
    expect([(left + right) / 2, (top + bottom) / 2]).toEqual([expect.closeTo(2.5 / 3), expect.closeTo(0.25)]);
    expect([right - left, bottom - top]).toEqual([expect.closeTo(0.5), expect.closeTo(0.75)]);
  });
});

describe('UltraFace', () => {
  it('keeps the best of the faces that overlap', () => {
    const scores = [0.1, 0.9, 0.9, 0.1, 0.05, 0.95];
    const boxes = [0, 0, 0.5, 0.5, 0.1, 0.1, 0.2, 0.2, 0, 0, 0.5, 0.45];
    expect(decodeUltraFace(scores, boxes, 0.6)).toEqual([{ label: 0, score: 0.95, box: box(0, 0, 0.5, 0.45) }]);
  });
});
