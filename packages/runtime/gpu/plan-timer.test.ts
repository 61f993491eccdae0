import { planConv, tuneConv, tuningFile, tuningTable, type ConvProblem } from '@tessera/conv-kernels';
import { expect, it } from 'vitest';
import { acquireDevice } from '../src/device/acquire.js';
import { planTimer } from '../src/device/plan-timer.js';

const problem: ConvProblem = {
  batch: 1,
  inChannels: 12,
  inHeight: 9,
  inWidth: 14,
  outChannels: 20,
  kernelHeight: 3,
  kernelWidth: 3,
  strideHeight: 1,
  strideWidth: 1,
  dilationHeight: 1,
  dilationWidth: 1,
  padTop: 1,
  padLeft: 1,
  padBottom: 1,
  padRight: 1,
  groups: 1,
  elementType: 'f32',
  input: { offset: 0, strides: [1512, 1, 168, 12] },
  output: { offset: 0, strides: [2520, 1, 280, 20] },
  epilogue: { bias: true, activation: { kind: 'relu' } },
};

it('times the candidates of a convolution, and the fastest is planned from then on', async () => {
  const device = await acquireDevice();
  try {
    const record = await tuneConv(problem, device.profile, planTimer(device), { candidates: 3, within: 50 });
    expect(record.candidates.length).toBeGreaterThan(1);
    for (const { seconds } of record.candidates) expect(seconds).toBeGreaterThan(0);
    const tuning = tuningTable(tuningFile([record]), device.profile);
    const { algorithm, variant } = record.candidates[0];
    expect(planConv(problem, device.profile, { tuning })).toMatchObject({ algorithm, variant });
    expect(device.memory.buffers).toBe(0);
  } finally {
    device.dispose();
  }
});
