import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measureRounds } from '../../src/bench/measure.js';
import { summarize } from '../../src/bench/statistics.js';
import type { BenchReport } from '../../src/bench/types.js';
import { Interruption } from '../../src/interruption.js';
import { importOnnxruntime } from '../../src/peer/onnxruntime.js';
import { fakeTiming, infer, temporaryFolder, value, writeModel, type FakeSession } from '../fake.js';

const folder = temporaryFolder();
const inputs = [value('x', 'float32', 'N', 2)];
const model = writeModel(join(folder, 'm.onnx'), inputs);
const quick = ['--warmUp', '0', '--duration', '0', '--iterations', '4'];
const bench = (args: string[] = [], fake: Partial<FakeSession> = {}) =>
  infer(['bench', model, ...quick, ...args], { inputs, ...fake });
const reportOf = async (args: string[] = [], fake: Partial<FakeSession> = {}): Promise<BenchReport> =>
  JSON.parse((await bench([...args, '--json'], fake)).stdout);

describe('statistics', () => {
  it('take percentiles by nearest rank, and spread over the mean', () => {
    const values = Array.from({ length: 20 }, (_, i) => 20 - i);
    const { min, max, mean, median, percentiles, cv } = summarize(values, [50, 90, 99.9]);
    expect([min, max, mean, median]).toEqual([1, 20, 10.5, 10.5]);
    expect(percentiles).toEqual({ '50': 10, '90': 18, '99.9': 20 });
    expect(cv).toBeCloseTo(Math.sqrt((20 ** 2 - 1) / 12) / 10.5, 12);
    expect(summarize([3], [90])).toMatchObject({ min: 3, max: 3, median: 3, percentiles: { '90': 3 }, cv: 0 });
  });
});

describe('measuring', () => {
  /** A clock that a run of ours moves by 7 ms and one of the peer's by 3. */
  const clocked = () => {
    let now = 0;
    const order: string[] = [];
    return {
      order,
      now: () => now,
      run: async () => {
        now += 7;
        order.push('ours');
        return { ...fakeTiming, totalMs: 7 };
      },
      peer: async () => {
        now += 3;
        order.push('peer');
        return 3;
      },
      onProgress: () => undefined,
      signal: new AbortController().signal,
    };
  };

  it('warms up, then takes turns for as long as asked, and for as many runs', async () => {
    const clock = clocked();
    const long = await measureRounds({ warmUpMs: 25, durationMs: 200, iterations: 3 }, clock);
    expect(long.warmUp).toEqual({ runs: 3, ms: 30 });
    expect([long.rounds.length, long.wallMs]).toEqual([20, 200]);
    expect(clock.order.slice(0, 5)).toEqual(['ours', 'ours', 'peer', 'ours', 'peer']);
    const many = await measureRounds({ warmUpMs: 0, durationMs: 20, iterations: 12 }, clocked());
    expect(many.rounds.length).toBe(12);
    expect(many.rounds[0]).toMatchObject({ ours: { totalMs: 7 }, peerMs: 3 });
  });
});

describe('the report', () => {
  it("is in trtexec's terms", async () => {
    const { stdout, status, stderr } = await bench(['--percentile', '50,99']);
    expect([status, stderr]).toEqual([0, '']);
    for (const part of [
      'Session creation: ',
      'First inference: 6.00 ms',
      'Throughput: 167 qps',
      'Latency: min = 6.00 ms, max = 6.00 ms, mean = 6.00 ms, median = 6.00 ms, percentile(50%) = 6.00 ms, percentile(99%) = 6.00 ms',
      'Enqueue Time: min = 1.00 ms',
      'H2D Latency: min = 0.500 ms',
      'GPU Compute Time: min = 3.90 ms',
      'D2H Latency: min = 0.200 ms',
      'Total Host Walltime: ',
    ]) {
      expect(stdout).toContain(part);
    }
  });

  it('sets the layers under the end-to-end time and explains the gap', async () => {
    const { stdout } = await bench();
    expect(stdout).toMatch(/End to end: +6\.00 ms \(median\)\nSum of the layers: 4\.00 ms \(3 layers/);
    expect(stdout).toMatch(
      /Gap: +2\.00 ms: upload 0\.500 ms, encode 1\.00 ms, between and around the dispatches -0\.100 ms, launch and wait 0\.400 ms, read-back 0\.200 ms/,
    );
  });

  it.each([3, 4])('explains the gap of %d runs by parts that add up', async (runs) => {
    const timing = (run: number) => {
      const gpuMs = 1 + ((run * 7) % 5);
      return { ...fakeTiming, uploadMs: 0.1 * run, encodeMs: 5 / run, gpuMs, totalMs: 6 + ((run * 3) % 4) };
    };
    const { layers, latency } = await reportOf(['--iterations', String(runs)], { timing });
    const { gap, gapMs, sumMs } = layers!;
    expect(Object.values(gap).reduce((sum, ms) => sum + ms)).toBeCloseTo(gapMs, 10);
    expect(gapMs).toBeCloseTo(latency.median - sumMs, 10);
  });

  it.each<[string, Partial<typeof fakeTiming>, RegExp | undefined]>([
    ['nothing', {}, undefined],
    ['the enqueueing', { encodeMs: 3.5 }, /encoding takes nearly as long as the GPU/],
    ['the upload', { uploadMs: 9 }, /upload of the inputs takes longer than the GPU/],
    ['the read-back', { readBackMs: 9 }, /read-back of the outputs takes longer/],
    ['a lack of timestamps', { gpuMs: undefined }, /no timestamps/],
  ])('warns of %s', async (_, change, warning) => {
    const { warnings } = await reportOf([], { timing: () => ({ ...fakeTiming, ...change }) });
    if (warning) expect(warnings.join('\n')).toMatch(warning);
    else expect(warnings).toEqual([]);
  });

  it('warns of clocks that move', async () => {
    const { warnings, parts } = await reportOf([], { timing: (run) => ({ ...fakeTiming, gpuMs: run % 2 ? 4 : 5 }) });
    expect(parts.gpu!.cv).toBeCloseTo(1 / 9, 10);
    expect(warnings.join('\n')).toMatch(/varies by 11\.1% .*clocks move/);
  });

  it('takes shapes as trtexec does', async () => {
    expect((await reportOf(['--shapes', 'x:5x2'])).dims).toEqual({ N: 5 });
    const wrong = await bench(['--shapes', 'x:5x3']);
    expect([wrong.status, wrong.stderr]).toEqual([
      1,
      'infer: --shapes has the shape 5x3, but input "x" takes float32 Nx2\n',
    ]);
    expect((await bench(['--shapes', 'y:5x3'])).stderr).toMatch(/no input "y"; its inputs are x\n$/);
  });
});

describe('limits for continuous integration', () => {
  it('fail above a latency', async () => {
    expect((await bench(['--fail-above', '6'])).status).toBe(0);
    const slow = await bench(['--fail-above', '5.5']);
    expect([slow.status, slow.stderr]).toEqual([
      1,
      'infer: the median latency, 6.00 ms, is above the 5.5 ms allowed\n',
    ]);
    expect(slow.stdout).toContain('Latency:');
  });

  it('fail against a saved run, end to end and by layer, and name what is slower', async () => {
    const file = join(folder, 'base.json');
    writeFileSync(file, (await bench(['--json'])).stdout);
    const same = await bench(['--baseline', file]);
    expect([same.status, same.stderr]).toEqual([0, '']);
    const base: BenchReport = JSON.parse(readFileSync(file, 'utf8'));
    const rows = base.layers!.rows.map((row) => (row.name === 'fc' ? { ...row, ms: row.ms / 1.2 } : row));
    writeFileSync(file, JSON.stringify({ ...base, layers: { ...base.layers, rows } }));
    const slower = await bench(['--baseline', file]);
    expect([slower.status, slower.stderr]).toEqual([1, `infer: slower than ${file} by more than 10%: fc\n`]);
    expect(slower.stdout).toMatch(/fc +2\.29 +2\.75 +\+20\.0%/);
    expect((await bench(['--baseline', file, '--threshold', '25'])).status).toBe(0);
  });

  it('warn of a saved run that was measured on something else', async () => {
    const file = join(folder, 'other.json');
    const base: BenchReport = JSON.parse((await bench(['--json'])).stdout);
    const adapter = { ...base.adapter, name: 'Another GPU' };
    writeFileSync(file, JSON.stringify({ ...base, adapter, precision: 'fp16' }));
    const { warnings } = await reportOf(['--baseline', file]);
    expect(warnings).toEqual([`${file} was measured with adapter Another GPU, not Test GPU; precision fp16, not fp32`]);
    writeFileSync(file, JSON.stringify(base));
    const larger = await reportOf(['--baseline', file, '--shapes', 'x:5x2']);
    expect(larger.warnings).toEqual([`${file} was measured with inputs x 1x2, not x 5x2`]);
    expect((await reportOf(['--baseline', file])).warnings).toEqual([]);
  });

  it('refuse what is no saved run', async () => {
    writeFileSync(join(folder, 'text.json'), 'hello');
    writeFileSync(join(folder, 'null.json'), 'null');
    for (const name of ['text.json', 'null.json']) {
      const { status, stderr, calls } = await bench(['--baseline', join(folder, name)]);
      expect([status, calls.runs]).toEqual([1, 0]);
      expect(stderr).toMatch(/is not a report of infer bench --json\n$/);
    }
    expect((await bench(['--baseline', join(folder, 'none.json')])).stderr).toMatch(/cannot be read: no such file/);
  });
});

it('an interrupt ends timing with what was measured', async () => {
  const interruption = new Interruption();
  const onRun = (runs: number) => runs === 3 && void interruption.interrupt();
  const args = ['bench', model, '--warmUp', '0', '--duration', '1000'];
  const { status, stdout, stderr } = await infer(args, { inputs, interruption, onRun });
  expect([status, stderr]).toEqual([130, 'infer: interrupted after 2 timed runs\n']);
  expect(stdout).toContain('Latency:');
});

it('a missing peer is named, with what to do', async () => {
  const missing = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  await expect(importOnnxruntime(() => Promise.reject(missing))).rejects.toThrow(
    'onnxruntime-node is not installed: npm install onnxruntime-node',
  );
  await expect(importOnnxruntime(() => Promise.reject(new Error('bad ELF')))).rejects.toThrow(
    /cannot be loaded: bad ELF/,
  );
});
