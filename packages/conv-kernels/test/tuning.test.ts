import { describe, expect, it } from 'vitest';
import {
  explainConv,
  explainGemm,
  formatTuning,
  mergeTuning,
  parseTuning,
  planConv,
  planGemm,
  tuneConv,
  tuneGemm,
  tuningFile,
  TuningFileError,
  tuningTable,
  type GemmProblem,
  type PlanTimer,
  type TimedCandidate,
} from '../src/index.js';
import { convProblem } from '../gpu/cases.js';
import { gpu, software } from '../../../tools/testing/devices.js';

const problem = convProblem({ channels: [64, 64], size: [28, 20], kernel: [3, 3], pads: [1, 1, 1, 1], bias: true });
const gemm: GemmProblem = {
  batch: 1,
  m: 40,
  n: 100,
  k: 512,
  elementType: 'f32',
  a: { offset: 0, batchStride: 0, rowStride: 512, columnStride: 1 },
  b: { offset: 0, batchStride: 0, rowStride: 100, columnStride: 1 },
  c: { offset: 0, batchStride: 0, rowStride: 100, columnStride: 1 },
  epilogue: { bias: false },
};

/** Says that the last request is the fastest. */
const backwards: PlanTimer = async (requests) => requests.map((_, i) => 1e-3 * (requests.length - i));

describe('tuneConv', () => {
  it('times the promising candidates, each with all its buffers, and the measured one is planned from then on', async () => {
    let timed = 0;
    const record = await tuneConv(problem, gpu, async (requests) => {
      timed = requests.length;
      for (const { plan, operandBytes } of requests) {
        for (const name of plan.dispatches.flatMap((d) => d.operands)) expect(operandBytes[name]).toBeGreaterThan(0);
      }
      return backwards(requests);
    });
    expect(timed).toBeGreaterThan(2);
    expect(record.candidates).toHaveLength(timed);
    const seconds = record.candidates.map((c) => c.seconds);
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));

    const tuning = tuningTable(tuningFile([record]), gpu);
    const [first] = record.candidates;
    expect(planConv(problem, gpu).variant).not.toBe(first.variant);
    expect(planConv(problem, gpu, { tuning })).toMatchObject({ algorithm: first.algorithm, variant: first.variant });
    const explained = explainConv(problem, gpu, { tuning });
    expect(explained.filter((c) => c.measuredSeconds !== undefined)).toHaveLength(timed);
    expect(explained[0].measuredSeconds).toBe(first.seconds);
    const without = { tuning, forbid: [`${first.algorithm} ${first.variant}`] };
    expect(planConv(problem, gpu, without).variant).toBe(record.candidates[1].variant);
  });

  it('times nothing again that is known', async () => {
    const record = await tuneConv(problem, gpu, backwards);
    const tuning = tuningTable(tuningFile([record]), gpu);
    const again = await tuneConv(problem, gpu, () => Promise.reject(new Error('timed again')), { tuning });
    expect(again).toEqual(record);
  });

  it('does not believe times of other kernels, problems, adapters or drivers', async () => {
    const record = await tuneConv(problem, gpu, backwards);
    const plain = planConv(problem, gpu).variant;
    const stale = { ...record, candidates: record.candidates.map((c) => ({ ...c, kernels: '0123456789abcdef' })) };
    const others = [
      stale,
      { ...record, problem: `${record.problem} tanh` },
      { ...record, adapter: 'another' },
      { ...record, driver: 'another' },
    ];
    for (const other of others) {
      const tuning = tuningTable(tuningFile([other]), gpu);
      expect(planConv(problem, gpu, { tuning }).variant).toBe(plain);
    }
    expect(tuningTable(tuningFile([record]), software).size).toBe(0);
  });

  it('goes by predictions where the variant predicted to be the fastest is newer than the times', async () => {
    const record = await tuneConv(problem, gpu, backwards);
    const { algorithm, variant } = planConv(problem, gpu);
    const isFirst = (c: TimedCandidate): boolean => c.algorithm === algorithm && c.variant === variant;
    const older = { ...record, candidates: record.candidates.filter((c) => !isFirst(c)) };
    const rewritten = {
      ...record,
      candidates: record.candidates.map((c) => (isFirst(c) ? { ...c, kernels: '0' } : c)),
    };
    expect(older.candidates).toHaveLength(record.candidates.length - 1);
    for (const other of [older, rewritten]) {
      const tuning = tuningTable(tuningFile([other]), gpu);
      expect(planConv(problem, gpu, { tuning })).toMatchObject({ algorithm, variant });
      expect(explainConv(problem, gpu, { tuning })[0]).toMatchObject({ algorithm, variant });
    }
  });

  it('tunes matrix products alike', async () => {
    const options = { constantB: true };
    const record = await tuneGemm(gemm, gpu, backwards, options);
    const tuning = tuningTable(tuningFile([record]), gpu);
    expect(planGemm(gemm, gpu, { ...options, tuning }).variant).toBe(record.candidates[0].variant);
    expect(explainGemm(gemm, gpu, { ...options, tuning })[0].measuredSeconds).toBe(record.candidates[0].seconds);
    expect(explainGemm(gemm, gpu, { constantB: false, tuning })[0].measuredSeconds).toBeUndefined();
  });
});

describe('a tuning file', () => {
  it('reads back as written, and merges with the later times first', async () => {
    const record = await tuneConv(problem, gpu, backwards);
    const other = await tuneGemm(gemm, gpu, backwards, { constantB: true });
    const file = tuningFile([record, other]);
    expect(parseTuning(formatTuning(file))).toEqual(file);
    expect(parseTuning(formatTuning(tuningFile([])))).toEqual(tuningFile([]));

    const [first, ...rest] = record.candidates;
    const newer = tuningFile([{ ...record, candidates: [{ ...first, seconds: 9 }] }]);
    const merged = mergeTuning(file, newer).records.find((r) => r.problem === record.problem);
    expect(merged?.candidates).toEqual([...rest, { ...first, seconds: 9 }]);
    expect(mergeTuning(newer, file)).toEqual(file);
  });

  const wrong: [string, string, RegExp][] = [
    ['no JSON', '{', /not JSON/],
    ['no object', '[]', /the tuning file is \[\]; it must be an object/],
    ['another format', '{"format":"x"}', /format is "x"; it must be "tessera-tuning"/],
    ['another version', '{"format":"tessera-tuning","version":2}', /version is 2; it must be 1/],
    ['no records', '{"format":"tessera-tuning","version":1}', /records is missing; it must be an array/],
    [
      'a record without driver',
      '{"format":"tessera-tuning","version":1,"records":[{"adapter":"a"}]}',
      /records\[0\]\.driver is missing; it must be text/,
    ],
    [
      'a time that is none',
      '{"format":"tessera-tuning","version":1,"records":[{"adapter":"a","driver":"b","problem":"c","candidates":[{"seconds":0}]}]}',
      /records\[0\]\.candidates\[0\]\.seconds is 0; it must be a positive number/,
    ],
  ];
  for (const [name, text, message] of wrong) {
    it(`with ${name} is refused`, () => {
      expect(() => parseTuning(text)).toThrow(TuningFileError);
      expect(() => parseTuning(text)).toThrow(message);
    });
  }
});
