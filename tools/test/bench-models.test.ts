import { describe, expect, it } from 'vitest';
import { batchesOf, feedsFor, openDimensions, type InputSpec } from '../bench/models/inputs.js';
import type { Figures } from '../bench/models/measure.js';
import { readOptions } from '../bench/models/options.js';
import { modelTable } from '../bench/models/report.js';
import { percentile } from '../verify/support/measure.js';

const image: InputSpec = { name: 'image', dataType: 'float32', dims: ['N', 3, 5, 7] };

describe('inputs of a benchmark', () => {
  it('follow the batch, and are the same each time', () => {
    const first = feedsFor([image], 2, {});
    expect(first.image.dims).toEqual([2, 3, 5, 7]);
    expect(first.image.data).toHaveLength(210);
    expect(feedsFor([image], 2, {})).toEqual(first);
    expect(openDimensions([image], 2, { H: 4 })).toEqual({ N: 2 });
  });

  it('keep the batch that the model states', () => {
    expect(batchesOf([image], [1, 8])).toEqual([1, 8]);
    expect(batchesOf([{ ...image, dims: [4, 3, 5, 7] }], [1, 8])).toEqual([4]);
  });

  it('take the sizes of other open dimensions, and refuse those that have none', () => {
    const open: InputSpec = { ...image, dims: ['N', 3, 'H', 7] };
    expect(feedsFor([open], 1, { H: 4 }).image.dims).toEqual([1, 3, 4, 7]);
    expect(openDimensions([open], 2, { H: 4 })).toEqual({ N: 2, H: 4 });
    expect(() => feedsFor([open], 1, { W: 4 })).toThrow(
      'dimension 2 of input "image" is open; give its size by --dim H=SIZE',
    );
  });
});

describe('options of a benchmark', () => {
  it('say what would be right', () => {
    expect(() => readOptions(['--precision', 'fp8'])).toThrow('it must be of fp32, fp16, strict');
    expect(() => readOptions(['--dim', 'H'])).toThrow('it must be NAME=SIZE');
    expect(() => readOptions(['--dim', 'H=0'])).toThrow('it must be a whole number from 1');
    expect(() => readOptions(['--batches', '0'])).toThrow('it must be a whole number from 1');
  });

  it('list the contenders in a fixed order', () => {
    const { contenders } = readOptions(['--precision', 'strict,fp32', '--peers', 'ort-cpu,ort-webgpu']);
    expect(contenders).toEqual(['fp32', 'strict', 'ort-webgpu', 'ort-cpu']);
  });
});

it('the 95th percentile leaves a twentieth above', () => {
  const values = Array.from({ length: 40 }, (_, i) => 40 - i);
  expect(percentile(values, 0.95)).toBe(38);
  expect(percentile([7], 0.95)).toBe(7);
});

it('the table compares with the peer of the same batch and names failures', () => {
  const row = (contender: Figures['contender'], batch: number, medianMs?: number): Figures => ({
    model: 'net',
    batch,
    contender,
    medianMs,
    failure: medianMs === undefined ? 'no memory' : undefined,
  });
  const lines = modelTable([row('fp32', 1, 2), row('ort-webgpu', 1, 6), row('fp32', 8)]).split('\n');
  const [headings, , cells] = lines.map((line) => line.split('|').map((cell) => cell.trim()));
  expect(cells.slice(1, 4)).toEqual(['1', 'fp32', '2.00']);
  expect(cells[headings.indexOf('times ort-webgpu')]).toBe('3.00');
  expect(lines.at(-1)).toBe('fp32, batch 8: no memory');
});
