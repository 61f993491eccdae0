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

const small = { m: 4, lanes: 1, pinsLanes: false } as const;
const kinds: Record<string, { storage: 'f16' | 'f32'; units: MatrixUnits }> = {
  'f16 matrices': { storage: 'f16', units: { ...small, n: 8, k: 8, type: 'f16', parts: 1 } },
  'f32 as pairs of f16': { storage: 'f32', units: { ...small, m: 2, n: 8, k: 8, type: 'f16', parts: 2 } },
  'f32 matrices': { storage: 'f32', units: { ...small, n: 4, k: 4, type: 'f32', parts: 1 } },
};

const tile: MatrixTile = { rows: 16, columns: 32, depth: 8, subgroupRows: 4, subgroupColumns: 8 };

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
/** The kind of units, the problem, what is different in the tile, and how many workgroups share K. */
const cases: Record<string, [keyof typeof kinds, ConvCase, Partial<MatrixTile>?, number?]> = {
  'f32, with a residual, stride and dilation, loads among products': [
    'f32 matrices',
    { ...conv, stride: [2, 1], dilation: [1, 2], residual: 'nhwc' },
    { spread: true },
  ],
  'f32, K shared by three workgroups, groups, odd columns, a slice of channels': [
    'f32 matrices',
    { ...conv, channels: [40, 14], groups: 2, input: 'slice', output: 'oddSlice' },
    {},
    3,
  ],
  'f32 of stride 2 as pairs of f16': [
    'f32 as pairs of f16',
    { ...conv, channels: [20, 40], kernel: [1, 1], pads: [0, 0, 0, 0], stride: [2, 2] },
    { depth: 16, subgroupRows: 2 },
  ],
  'f16 to an NCHW output, three matrices of rows a subgroup': [
    'f16 matrices',
    { ...conv, kernel: [1, 2], output: 'nchw' },
    { rows: 24, subgroupRows: 12 },
  ],
  'f32, rows and weights left over in a slice, two groups of two tiles of columns, residuals of several passes': [
    'f32 matrices',
    { ...conv, groups: 2, residual: 'nhwc' },
    { rows: 12, columns: 12, depth: 4, subgroupRows: 12, subgroupColumns: 4 },
  ],
  'f32 as pairs of f16, rows left over, chains that are cut, residuals': [
    'f32 as pairs of f16',
    { ...conv, residual: 'nhwc' },
    { rows: 4, columns: 24, subgroupRows: 2 },
  ],
};

describe('products on emulated matrix units', () => {
  for (const [name, [kind, c, change, splits]] of Object.entries(cases)) {
    it(`agree with the reference: ${name}`, async () => {
      const { storage, units } = kinds[kind];
      if (units.type === 'f16' && !test.profile.hasF16) return;
      const problem = convProblem({ ...c, elementType: storage });
      const made = plan(problem, units, { ...tile, ...change }, splits ?? 1);
      expect(await checkConvPlan(test, problem, made)).toBeUndefined();
    });
  }
});
