import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { acquireDevice, createSession, formatTuning, type Device, type TuneProgress } from '../src/index.js';

const model = buildModel({
  inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 5, 9, 7] }],
  outputs: [{ name: 'y', dataType: 'float32' }],
  initializers: [
    {
      name: 'w',
      dataType: 'float32',
      dims: [6, 5, 3, 3],
      data: Float32Array.from({ length: 270 }, (_, i) => Math.sin(i)),
    },
    {
      name: 'm',
      dataType: 'float32',
      dims: [4, 6, 1, 1],
      data: Float32Array.from({ length: 24 }, (_, i) => Math.cos(i)),
    },
  ],
  nodes: [
    { opType: 'Conv', name: 'conv', inputs: ['x', 'w'], outputs: ['c'] },
    { opType: 'Conv', inputs: ['c', 'm'], outputs: ['y'] },
  ],
});
const x = Float32Array.from({ length: 2 * 315 }, (_, i) => Math.cos(i * 1.3));

let device: Device;
const folder = mkdtempSync(join(tmpdir(), 'tessera-tuning-'));
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => {
  device.dispose();
  rmSync(folder, { recursive: true });
});

it('tuning changes kernels and no results, and its file makes a later session choose alike', async () => {
  const first = await createSession(model, { device, dims: { N: 2 } });
  const before = await first.run({ x });
  const progress: TuneProgress[] = [];
  const file = await first.tune({ onProgress: (each) => progress.push(each) });
  expect(progress.map(({ done, total }) => [done, total])).toEqual([
    [1, 2],
    [2, 2],
  ]);
  expect(file.records.map(({ problem }) => problem.split(' ')[0])).toEqual(['conv', 'conv']);
  const after = await first.run({ x });
  (after.y.data as Float32Array).forEach((value, i) => {
    expect(Math.abs(value - (before.y.data as Float32Array)[i])).toBeLessThan(1e-5);
  });
  // Records are sorted by their problems: the second convolution has 6 input channels, the first 5.
  const winners = file.records.map(({ candidates: [best] }) => `${best.algorithm} ${best.variant}`.trim());
  const path = join(folder, 'tuning.json');
  writeFileSync(path, formatTuning(file));
  const later = await createSession(model, { device, dims: { N: 2 }, tuning: path });
  const layers = [...later.report.layers].filter(({ opType }) => opType !== 'Copy').map(({ algorithm }) => algorithm);
  expect(layers).toEqual(winners);
  first.dispose();
  later.dispose();
});

it('a budget of nothing times one problem, and what was timed is not timed again', async () => {
  const session = await createSession(model, { device, dims: { N: 1 } });
  expect((await session.tune({ budgetMs: 0 })).records).toHaveLength(1);
  await session.tune();
  const again = await session.tune();
  expect(again.records).toHaveLength(2);
  session.dispose();
});

it('an object that is no file of times is refused', async () => {
  const tuning = { format: 'other' } as never;
  await expect(createSession(model, { device, tuning })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('tuning: format is "other"; it must be "tessera-tuning"'),
  });
});

it('a file that is missing is refused', async () => {
  await expect(createSession(model, { device, tuning: 'none.json' })).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: 'tuning file none.json: it cannot be read: there is no such file',
  });
});

it('a file that is none is refused with what would be right', async () => {
  const path = join(folder, 'wrong.json');
  writeFileSync(path, '{"format": "other"}');
  const open = createSession(model, { device, tuning: path });
  await expect(open).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    message: expect.stringContaining('tessera-tuning'),
  });
});
