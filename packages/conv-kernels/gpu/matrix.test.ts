import { beforeAll, describe, expect, it } from 'vitest';
import { planMatrixShape } from '../src/algorithms/matrix/plan.js';
import type { MatrixTile, MatrixUnits } from '../src/algorithms/matrix/shape.js';
import { convBytes, convFlops, type ConvProblem, type Plan } from '../src/index.js';
import { implicitConv } from '../src/implicit.js';
import { convProblem, type ConvCase } from './cases.js';
import { checkConvPlan } from './check.js';
import { emulatedPlan } from './emulate-matrices.js';
import { acquire, type TestDevice } from './harness.js';

let test: TestDevice;
beforeAll(async () => {
  test = await acquire();
});

const small = { m: 4, n: 8, k: 8, lanes: 1, pinsLanes: false } as const;
const kinds: Record<string, { storage: 'f16' | 'f32'; units: MatrixUnits }> = {
  'f16 matrices': { storage: 'f16', units: { ...small, type: 'f16', parts: 1 } },
  'f32 as pairs of f16': { storage: 'f32', units: { ...small, type: 'f16', parts: 2 } },
  'f32 matrices': { storage: 'f32', units: { ...small, type: 'f32', parts: 1 } },
};

const tile: MatrixTile = {
  rows: 16,
  columns: 16,
  depth: 16,
  subgroupRows: 8,
  subgroupColumns: 8,
  stages: 2,
};

function plan(problem: ConvProblem, units: MatrixUnits, t: MatrixTile, splits: number): Plan {
  const p = implicitConv(problem);
  const planned = planMatrixShape(p, { tile: t, units, splits }, test.profile);
  if (typeof planned === 'string') throw new Error(planned);
  const whole = { ...planned, algorithm: 'implicit-gemm-matrix', flops: convFlops(problem), bytes: convBytes(problem) };
  return emulatedPlan(whole, units);
}

const conv: ConvCase = {
  batch: 2,
  channels: [24, 40],
  size: [9, 7],
  kernel: [3, 3],
  pads: [1, 1, 1, 1],
  bias: true,
  activation: { kind: 'relu' },
};
const cases: Record<string, [ConvCase, Partial<MatrixTile>?, number?]> = {
  'a padded 3x3': [conv],
  'one stage': [conv, { stages: 1 }],
  'a residual, stride and dilation': [{ ...conv, stride: [2, 1], dilation: [1, 2], residual: 'nhwc' }],
  'K in three workgroups': [conv, {}, 3],
  'a long K': [{ ...conv, channels: [160, 40], size: [5, 4] }],
  'a 1x1': [
    { channels: [32, 72], size: [9, 7] },
    { rows: 32, subgroupRows: 16 },
  ],
  'a 1x1 of stride 2': [{ channels: [32, 72], size: [9, 7], stride: [2, 2], bias: true }, {}, 2],
  'two groups': [{ ...conv, channels: [32, 24], groups: 2 }],
  'odd columns, NCHW output': [{ ...conv, channels: [16, 7], output: 'nchw' }],
  'a slice of channels': [{ ...conv, input: 'slice', output: 'oddSlice' }],
};

describe('products on emulated matrix units', () => {
  for (const [kind, { storage, units }] of Object.entries(kinds)) {
    for (const [name, [c, change, splits]] of Object.entries(cases)) {
      it(`${kind}, ${name}`, async () => {
        if (units.type === 'f16' && !test.profile.hasF16) return;
        const problem = convProblem({ ...c, elementType: storage });
        const made = plan(problem, units, { ...tile, ...change }, splits ?? 1);
        expect(await checkConvPlan(test, problem, made)).toBeUndefined();
      });
    }
  }
});
