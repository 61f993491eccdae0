import { shader, type Binding, type DeviceProfile, type Kernel, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { f32, offsetParam, u32 } from './params.js';
import { reduceTiling, splitWalk, walkLength, type ReduceTiling } from './reduce.js';
import { rowReductions } from './row-reduction.js';
import { storageEnables } from './storage-types.js';
import { walkCode } from './walk.js';

/**
 * y = (x - mean) * factor * scale + bias over each row. 'variance': factor = 1 / sqrt(variance + epsilon);
 * 'deviation': 1 / (sqrt(variance) + epsilon); 'root-mean-square': no mean, 1 / sqrt(mean of squares + epsilon);
 * 'l1' and 'l2': no mean, 1 / norm (1 where the norm is 0).
 */
export type NormalizeKind = 'variance' | 'deviation' | 'root-mean-square' | 'l1' | 'l2';

interface Formula {
  readonly isCentered: boolean;
  /** What is summed of an element `d`, less the mean where centered. */
  readonly term: string;
  /** Of the sum `total`. */
  readonly factor: string;
}

const formulas: Readonly<Record<NormalizeKind, Formula>> = {
  variance: { isCentered: true, term: 'd * d', factor: 'inverseSqrt(total / f32(params.count) + params.epsilon)' },
  deviation: { isCentered: true, term: 'd * d', factor: '1.0 / (sqrt(total / f32(params.count)) + params.epsilon)' },
  'root-mean-square': {
    isCentered: false,
    term: 'd * d',
    factor: 'inverseSqrt(total / f32(params.count) + params.epsilon)',
  },
  l1: { isCentered: false, term: 'abs(d)', factor: '1.0 / select(1.0, total, total > 0.0)' },
  l2: { isCentered: false, term: 'd * d', factor: '1.0 / select(1.0, sqrt(total), total > 0.0)' },
};

export interface NormalizeProblem {
  readonly kind: NormalizeKind;
  readonly x: Operand;
  /** Of the shape of x. */
  readonly y: Operand;
  /** Dimensions a row consists of. */
  readonly axes: readonly number[];
  readonly epsilon: number;
  /** Strides along the dimensions of x; 0 where broadcast. */
  readonly scale?: Operand;
  readonly bias?: Operand;
}

function meanFragment(formula: Formula): string {
  if (!formula.isCentered) return 'let mean = 0.0;';
  return `
  var sum = 0.0;
  for (var i = lane; i < count; i += LANES) {
    sum += load(row, i);
  }
  let mean = row_sum(sum, local_index) / f32(params.count);`;
}

function normalizeKernel(
  problem: NormalizeProblem,
  tiling: ReduceTiling,
  declarations: string,
  params: readonly Param[],
): Kernel {
  const { x, scale, bias } = problem;
  const formula = formulas[problem.kind];
  const bindings: Binding[] = [{ name: 'x', access: 'read', type: 'array<T>' }];
  if (scale) bindings.push({ name: 'scale', access: 'read', type: `array<${scale.elementType}>` });
  if (bias) bindings.push({ name: 'bias', access: 'read', type: `array<${bias.elementType}>` });
  bindings.push({ name: 'y', access: 'read_write', type: 'array<T>' });
  const scaled = scale ? 'f32(scale[params.scale_offset + scale_row(row) + scale_element(i)])' : '1.0';
  const shifted = bias ? 'f32(bias[params.bias_offset + bias_row(row) + bias_element(i)])' : '0.0';
  return shader({
    label: `normalize-${problem.kind}`,
    enables: storageEnables(x.elementType, scale?.elementType ?? 'f32', bias?.elementType ?? 'f32'),
    aliases: { T: x.elementType },
    consts: { ROWS: tiling.rows, LANES: tiling.lanes },
    bindings,
    params,
    workgroupSize: [tiling.rows * tiling.lanes, 1, 1],
    declarations: `
${declarations}
${rowReductions(tiling.lanes, { sum: 'a + b' })}
fn load(row: u32, i: u32) -> f32 {
  return f32(x[params.x_offset + x_row(row) + x_element(i)]);
}`,
    body: `
  let group = workgroup_id.y * params.grid_x + workgroup_id.x;
  let row = group * ROWS + local_index % ROWS;
  let lane = local_index / ROWS;
  let count = select(0u, params.count, row < params.rows);
  ${meanFragment(formula).trim()}
  var terms = 0.0;
  for (var i = lane; i < count; i += LANES) {
    let d = load(row, i) - mean;
    terms += ${formula.term};
  }
  let total = row_sum(terms, local_index);
  let factor = ${formula.factor};
  for (var i = lane; i < count; i += LANES) {
    let normalized = (load(row, i) - mean) * factor;
    let result = normalized * ${scaled} + ${shifted};
    y[params.y_offset + y_row(row) + y_element(i)] = T(result);
  }
`,
  });
}

/** Normalizes every row of x, in f32 and with the mean taken before the variance. */
export function normalizeEmission(problem: NormalizeProblem, profile: DeviceProfile): Emission {
  const { x, y, scale, bias } = problem;
  const operands: Record<string, Operand> = { x, ...(scale && { scale }), ...(bias && { bias }), y };
  const strides = Object.fromEntries(Object.entries(operands).map(([name, operand]) => [name, operand.strides]));
  const { row, element } = splitWalk(x.shape, problem.axes, strides);
  const tiling = reduceTiling(row, element, false);
  const rows = walkLength(row);
  const grid = gridOf(Math.ceil(rows / tiling.rows), profile);
  const codes = [walkCode('row', row), walkCode('element', element)];
  const params: Param[] = [
    grid.param,
    u32('rows', rows),
    u32('count', walkLength(element)),
    f32('epsilon', problem.epsilon),
    ...Object.entries(operands).map(([name, operand]) => offsetParam(name, operand)),
    ...codes.flatMap((code) => code.params),
  ];
  const kernel = normalizeKernel(problem, tiling, codes.map((code) => code.declarations).join('\n'), params);
  return { kernel, workgroups: grid.workgroups, params, operands: Object.values(operands) };
}
