import { shader, type Binding, type DeviceProfile, type Kernel, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import type { NormalizeProblem } from './normalize.js';
import { offsetParam, u32 } from './params.js';
import { reduceEmissions, reduceTiling, splitWalk, walkLength } from './reduce.js';
import type { Reduction } from './reductions.js';
import { storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const workgroupSize = 128;

/** Whether rows are so few and long that one workgroup each would leave the device idle. */
export function isWorthSplitting(problem: NormalizeProblem): boolean {
  if (problem.kind !== 'variance' && problem.kind !== 'deviation') return false;
  const { row, element } = splitWalk(problem.x.shape, problem.axes, { x: problem.x.strides });
  const tiling = reduceTiling(row, element, false);
  return walkLength(row) / tiling.rows < 64 && walkLength(element) / tiling.lanes >= 64;
}

type StatisticsResult = 'both' | 'mean' | 'factor';

const finishes: Readonly<Record<StatisticsResult, string>> = {
  both: 'fn finish(a: S) -> vec2f { let variance = a.z / a.x; return vec2f(a.y, FACTOR); }',
  mean: 'fn finish(a: S) -> f32 { return a.y; }',
  factor: 'fn finish(a: S) -> f32 { let variance = a.z / a.x; return FACTOR; }',
};

/**
 * Mean and factor of a row from (count, mean, sum of squared differences), which combine exactly (Chan, Golub and
 * LeVeque, 1979).
 */
function statistics(
  { kind, epsilon }: Pick<NormalizeProblem, 'kind' | 'epsilon'>,
  result: StatisticsResult,
): Reduction {
  const factor = kind === 'variance' ? 'inverseSqrt(variance + EPSILON)' : '1.0 / (sqrt(variance) + EPSILON)';
  const code = `
alias S = vec4f;
const EPSILON = f32(${epsilon});
fn identity() -> S { return vec4f(0.0); }
fn map(x: A, position: u32) -> S { return vec4f(1.0, f32(x), 0.0, 0.0); }
fn combine(a: S, b: S) -> S {
  let count = a.x + b.x;
  let share = b.x / max(count, 1.0);
  let difference = b.y - a.y;
  return vec4f(count, a.y + difference * share, a.z + b.z + difference * difference * a.x * share, 0.0);
}
${finishes[result].replace('FACTOR', factor)}`;
  return { name: `statistics-${kind}-${result}`, code, stateBytes: 16 };
}

function applyKernel(problem: NormalizeProblem, declarations: string, params: readonly Param[]): Kernel {
  const { x, scale, bias } = problem;
  const bindings: Binding[] = [
    { name: 'x', access: 'read', type: `array<${x.elementType}>` },
    { name: 'statistics', access: 'read', type: 'array<vec2f>' },
  ];
  if (scale) bindings.push({ name: 'scale', access: 'read', type: `array<${scale.elementType}>` });
  if (bias) bindings.push({ name: 'bias', access: 'read', type: `array<${bias.elementType}>` });
  bindings.push({ name: 'y', access: 'read_write', type: `array<${x.elementType}>` });
  const scaled = scale ? 'f32(scale[params.scale_offset + scale_element(index)])' : '1.0';
  const shifted = bias ? 'f32(bias[params.bias_offset + bias_element(index)])' : '0.0';
  return shader({
    label: `normalize-${problem.kind}-apply`,
    enables: storageEnables(x.elementType, scale?.elementType ?? 'f32', bias?.elementType ?? 'f32'),
    aliases: { T: x.elementType },
    bindings,
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations,
    body: `
${invocationCode('index', workgroupSize)}
  let statistic = statistics[statistics_element(index)];
  let normalized = (f32(x[params.x_offset + x_element(index)]) - statistic.x) * statistic.y;
  let result = normalized * ${scaled} + ${shifted};
  y[params.y_offset + y_element(index)] = T(result);
`,
  });
}

/** Strides of the statistics, which lie row by row, along the dimensions of x. */
function statisticStrides(shape: readonly number[], axes: readonly number[]): number[] {
  const strides = new Array<number>(shape.length).fill(0);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (axes.includes(axis)) continue;
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

/** The mean or the factor of every row as a tensor: x with its `axes` reduced to 1. */
export function statisticEmissions(
  problem: Pick<NormalizeProblem, 'kind' | 'epsilon' | 'x' | 'axes'>,
  result: 'mean' | 'factor',
  y: Operand,
  profile: DeviceProfile,
  scratch: (byteLength: number) => Operand,
): readonly Emission[] {
  const { x, axes } = problem;
  return reduceEmissions({ x, y, yStrides: y.strides, axes, reduction: statistics(problem, result) }, profile, scratch);
}

/** Normalization in dispatches of their own for the statistics and for the elements, each spread over the device. */
export function splitNormalizeEmissions(
  problem: NormalizeProblem,
  profile: DeviceProfile,
  scratch: (byteLength: number) => Operand,
): readonly Emission[] {
  const { x, y, scale, bias, axes } = problem;
  const yStrides = statisticStrides(x.shape, axes);
  const rows = x.shape.reduce((total, size, axis) => (axes.includes(axis) ? total : total * size), 1);
  const table = scratch(rows * 8);
  const reduction = statistics(problem, 'both');
  const first = reduceEmissions({ x, y: table, yStrides, axes, reduction, resultType: 'vec2f' }, profile, scratch);
  const operands: Record<string, Operand> = {
    x,
    statistics: { ...table, strides: yStrides, offset: 0 },
    ...(scale && { scale }),
    ...(bias && { bias }),
    y,
  };
  const order = x.shape.map((_, axis) => axis).sort((a, b) => y.strides[b] - y.strides[a] || a - b);
  const strides = Object.fromEntries(
    Object.entries(operands).map(([name, operand]) => [name, order.map((axis) => operand.strides[axis])]),
  );
  const walk = collapseWalk({ sizes: order.map((axis) => x.shape[axis]), strides });
  const code = walkCode('element', walk);
  const count = walkLength(walk);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const params: Param[] = [
    grid.param,
    u32('count', count),
    ...Object.entries(operands).map(([name, operand]) => offsetParam(name, operand)),
    ...code.params,
  ];
  const kernel = applyKernel(problem, code.declarations, params);
  return [...first, { kernel, workgroups: grid.workgroups, params, operands: Object.values(operands) }];
}
