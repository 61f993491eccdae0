import { expect, it } from 'vitest';
import type { TimedSteps } from '../src/device/executor.js';
import { summarize } from '../src/profile.js';
import type { Program } from '../src/program/types.js';

const node = (name: string) => ({ name, opType: 'Conv', origins: [name], outputs: [name], shape: [1] });
const step = (index: number) => ({
  node: index,
  algorithm: 'direct',
  flops: 0,
  bytes: 0,
  workgroups: [1, 1, 1],
  kernel: { label: 'direct' },
});

/** Two layers, the first of two dispatches. */
const program = { nodes: [node('a'), node('b')], steps: [step(0), step(0), step(1)] } as unknown as Program;

/** A run whose dispatches take so many microseconds and begin a millisecond apart. */
function timed(...microseconds: readonly number[]): TimedSteps {
  const steps = microseconds.map((us, i) => {
    const begin = 1_000_000n * BigInt(i + 1);
    return { begin, end: begin + BigInt(us * 1000) };
  });
  return { steps, submissions: [{ start: 0, uploaded: 0, submitted: 1, mapped: 9, end: 9 }] };
}

it('what a pass costs comes off every dispatch, in the layers, their sum and the timeline', () => {
  const gpu = { begin: 0n, end: 200_000n };
  const wholes = [{ start: 0, uploaded: 0, submitted: 1, mapped: 9, end: 9, gpu }];
  const steps = [timed(50, 30, 107), timed(40, 40, 7), timed(60, 50, 117)];
  const profile = summarize(program, { cost: { passMs: 0.01, launchMs: 0.002 }, steps, wholes });
  const rounded = (values: readonly number[]) => values.map((ms) => Number(ms.toFixed(9)));
  expect(profile.layers.map(({ samplesMs }) => rounded(samplesMs))).toEqual([
    [0.06, 0.06, 0.09],
    [0.097, 0.002, 0.107],
  ]);
  expect(rounded([profile.layers[0].ms, profile.layers[1].ms, profile.gpuMs])).toEqual([0.06, 0.097, 0.157]);
  expect([profile.passCostMs, profile.wholeMs]).toEqual([0.01, 0.2]);
  expect(rounded(profile.timeline.gpu.map(({ startMs, endMs }) => endMs - startMs))).toEqual([0.04, 0.02, 0.097]);
});
