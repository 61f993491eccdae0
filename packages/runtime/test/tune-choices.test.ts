import {
  planAveragedProduct,
  planPooledConv,
  tuningFile,
  tuningTable,
  type PlanTimer,
  type TuningFile,
} from '@tessera/conv-kernels';
import { describe, expect, it } from 'vitest';
import { averagedCases, averagedProblem } from '../../conv-kernels/gpu/averaged-cases.js';
import { pooledCases, pooledProblem } from '../../conv-kernels/gpu/pooled-cases.js';
import { gpu } from '../../../tools/testing/devices.js';
import type { Choice } from '../src/program/choices.js';
import { tuneChoices } from '../src/tuning/tune-program.js';

const pooled = pooledProblem(pooledCases['the first layers of ResNet']);
const averaged = averagedProblem(averagedCases['the end of a classifier']);

/** What takes the kernels that do two steps `together` seconds, and any other a microsecond. */
const timer =
  (together: number): PlanTimer =>
  (requests) =>
    Promise.resolve(
      requests.map(({ plan }) => (/few-channels-pool|averaged-product/.test(plan.algorithm) ? together : 1e-6)),
    );

async function tune(choices: readonly Choice[], together: number, known?: TuningFile): Promise<TuningFile> {
  const tuning = known && tuningTable(known, gpu);
  const options = choices.map((choice) => ({ node: 0, choice, options: {} }));
  return tuneChoices(options, gpu, timer(together), { tuning }, known ?? tuningFile([]), {});
}

describe('tuning of two steps that one kernel can do', () => {
  const choices: readonly Choice[] = [
    { kind: 'pooled-conv', problem: pooled },
    { kind: 'averaged-product', problem: averaged },
  ];

  it('times the one kernel, and the step that is tuned apart', async () => {
    const { records } = await tune(choices, 1e-6);
    expect(records.map(({ problem }) => problem.split(' ')[0])).toEqual(['averaged', 'conv', 'gemm', 'pooled']);
    expect(records.every(({ candidates }) => candidates.length > 0)).toBe(true);
  });

  it('decides by what was measured', async () => {
    for (const [seconds, isTogether] of [
      [1e-7, true],
      [1e-2, false],
    ] as const) {
      const tuning = tuningTable(await tune(choices, seconds), gpu);
      expect(planPooledConv(pooled, gpu, { tuning }) !== undefined).toBe(isTogether);
      expect(planAveragedProduct(averaged, gpu, { tuning }) !== undefined).toBe(isTogether);
    }
  });

  it('times nothing again, and nothing that is refused', async () => {
    const known = await tune(choices, 1e-6);
    const never: PlanTimer = () => Promise.reject(new Error('timed again'));
    const tuning = tuningTable(known, gpu);
    const options = choices.map((choice) => ({ node: 0, choice, options: {} }));
    expect(await tuneChoices(options, gpu, never, { tuning }, known, {})).toEqual(known);
    const wide: Choice = { kind: 'averaged-product', problem: { ...averaged, channels: 20_000 } };
    const { records } = await tune([wide], 1e-6);
    expect(records.map(({ problem }) => problem.split(' ')[0])).toEqual(['gemm']);
  });
});
