import { beforeAll, describe, expect, it } from 'vitest';
import { planRows } from '../src/algorithms/few-channels-matrix.js';
import type { MatrixTile, MatrixUnits } from '../src/algorithms/matrix/shape.js';
import { convProblem, type ConvCase } from './cases.js';
import { checkConvPlan } from './check.js';
import { emulatedPlan } from './emulate-matrices.js';
import { acquire, type TestDevice } from './harness.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

const small = { m: 4, lanes: 1, pinsLanes: false } as const;
const whole: MatrixUnits = { ...small, n: 4, k: 4, type: 'f32', parts: 1 };
const halves: MatrixUnits = { ...small, n: 8, k: 8, type: 'f16', parts: 1 };

const tile: MatrixTile = { rows: 16, columns: 32, depth: 8, subgroupRows: 4, subgroupColumns: 8 };

const stem: ConvCase = {
  batch: 2,
  channels: [3, 20],
  size: [15, 22],
  kernel: [7, 7],
  stride: [2, 2],
  pads: [3, 3, 3, 3],
  input: 'nchw',
  bias: true,
  activation: { kind: 'relu' },
};
const cases: Readonly<Record<string, [units: MatrixUnits, conv: ConvCase, f32Input?: boolean]>> = {
  'ResNet in f16': [halves, { ...stem, elementType: 'f16' }],
  'patches of 4x4 in f16 of f32 input, whose channels need no padding': [
    halves,
    { channels: [3, 12], size: [9, 13], kernel: [4, 4], stride: [4, 4], input: 'nchw', elementType: 'f16' },
    true,
  ],
  'single steps over a slice, unequal pads, dilated height': [
    whole,
    {
      channels: [2, 9],
      size: [8, 7],
      kernel: [3, 2],
      dilation: [2, 1],
      pads: [1, 0, 2, 3],
      input: 'oddSlice',
      output: 'nchw',
    },
  ],
};

describe('first layers on emulated matrix units', () => {
  it.each(Object.entries(cases))('%s: agree with the reference', async (_, [units, conv, f32Input]) => {
    if (units.type === 'f16' && !test.profile.hasF16) return;
    const problem = { ...convProblem(conv), f32Input };
    const plan = planRows(problem, { tile, units, splits: 1 }, test.profile);
    expect(await checkConvPlan(test, problem, emulatedPlan(plan, units))).toBeUndefined();
  });
});
