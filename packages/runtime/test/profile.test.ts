import { expect, it } from 'vitest';
import type { TimedSteps } from '../src/device/executor.js';
import { summarize, type TimedTurn } from '../src/profile.js';
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

const marks = (us: number) => {
  return { start: 0, uploaded: 0, submitted: 1, mapped: 9, end: 9, gpu: { begin: 0n, end: BigInt(us * 1000) } };
};

/** A run whose dispatches take so many microseconds and begin a millisecond apart; undefined are those not timed. */
function timed(...microseconds: readonly (number | undefined)[]): TimedSteps {
  const steps = microseconds.map((us, i) => {
    const begin = 1_000_000n * BigInt(i + 1);
    return us === undefined ? undefined : { begin, end: begin + BigInt(us * 1000) };
  });
  return { steps, submissions: [marks(220)] };
}

const turn = (...microseconds: readonly (number | undefined)[]): TimedTurn => {
  return { wholes: [marks(200)], timed: timed(...microseconds) };
};

const cost = { passMs: 0.01, launchMs: 0.002 };
const rounded = (values: readonly number[]) => values.map((ms) => Number(ms.toFixed(9)));

it('what a pass costs comes off every dispatch, in the layers, their sum and the timeline', () => {
  const rotations = [[turn(50, 30, 107)], [turn(40, 40, 7)], [turn(60, 50, 117)]];
  const profile = summarize(program, { cost, rotations });
  expect(profile.layers.map(({ samplesMs }) => rounded(samplesMs))).toEqual([
    [0.06, 0.06, 0.09],
    [0.097, 0.002, 0.107],
  ]);
  expect(rounded([profile.layers[0].ms, profile.layers[1].ms, profile.gpuMs])).toEqual([0.06, 0.097, 0.157]);
  expect([profile.passCostMs, profile.wholeMs, profile.profiledMs]).toEqual([0.01, 0.2, 0.22]);
  expect([profile.runs, profile.parts]).toEqual([3, 1]);
  expect(rounded(profile.timeline.gpu.map(({ startMs, endMs }) => endMs - startMs))).toEqual([0.04, 0.02, 0.097]);
});

it('a layer whose dispatches are timed in several runs takes their sum, and the timeline is that of the run that timed all', () => {
  const rotations = [
    [turn(50, undefined, undefined), turn(undefined, 30, 107)],
    [turn(60, undefined, undefined), turn(undefined, 50, 117)],
  ];
  const profile = summarize(program, { cost, rotations, whole: timed(90, 80, 70) });
  expect(profile.layers.map(({ samplesMs }) => rounded(samplesMs))).toEqual([
    [0.06, 0.09],
    [0.097, 0.107],
  ]);
  expect([profile.runs, profile.parts]).toEqual([2, 2]);
  expect(rounded(profile.timeline.gpu.map(({ startMs, endMs }) => endMs - startMs))).toEqual([0.08, 0.07, 0.06]);
  expect(profile.timeline.gpu.map(({ layer }) => layer)).toEqual([0, 0, 1]);
});

it('what a run of several programs takes on the GPU is the sum over them', () => {
  const several = { wholes: [marks(30), marks(20)], timed: { ...timed(1, 2, 3), submissions: [marks(40), marks(15)] } };
  const { wholeMs, profiledMs } = summarize(program, { cost, rotations: [[several]] });
  expect(rounded([wholeMs, profiledMs])).toEqual([0.05, 0.055]);
});
