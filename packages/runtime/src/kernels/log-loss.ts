import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { i32, offsetParam, u32 } from './params.js';
import { rowReductions } from './row-reduction.js';
import { storageEnables } from './storage-types.js';

const lanes = 128;

export type LossReduction = 'none' | 'sum' | 'mean';

export interface LogLossProblem {
  /** Dense [batch, class, place...]. */
  readonly logarithms: Operand;
  /** Dense [batch, place...]. */
  readonly targets: Operand;
  /** [class]. */
  readonly weights?: Operand;
  /** Dense: as the targets, or one number. */
  readonly y: Operand;
  readonly reduction: LossReduction;
  /** Targets of this class count for nothing. */
  readonly ignored?: number;
}

/** The weighted negative logarithm of each target's class; their sum or weighted mean is formed by one workgroup. */
export function logLossEmission(problem: LogLossProblem, profile: DeviceProfile): Emission {
  const { logarithms, targets, weights, y, reduction, ignored } = problem;
  const [batch, classes, ...places] = logarithms.shape;
  const plane = places.reduce((total, size) => total * size, 1);
  const count = batch * plane;
  const grid = gridOf(reduction === 'none' ? Math.ceil(count / lanes) : 1, profile);
  const params: Param[] = [
    grid.param,
    u32('count', count),
    u32('classes', classes),
    u32('plane', plane),
    offsetParam('logarithms', logarithms),
    offsetParam('targets', targets),
    offsetParam('y', y),
    i32('ignored', ignored ?? 0),
    ...(weights ? [offsetParam('weights', weights), u32('weights_stride', weights.strides[0])] : []),
  ];
  const operands = [logarithms, targets, y, ...(weights ? [weights] : [])];
  const names = ['logarithms', 'targets', 'y', 'weights'];
  const weight = weights ? 'f32(weights[params.weights_offset + class_index * params.weights_stride])' : '1.0';
  const kernel = shader({
    label: 'log-loss',
    enables: storageEnables(...operands.map(({ elementType }) => elementType)),
    consts: { ROWS: 1, LANES: lanes },
    bindings: operands.map(({ elementType }, i) => ({
      name: names[i],
      access: names[i] === 'y' ? ('read_write' as const) : ('read' as const),
      type: `array<${elementType}>`,
    })),
    params,
    workgroupSize: [lanes, 1, 1],
    declarations: `
${rowReductions(lanes, { sum: 'a + b' })}
// The loss and the weight of target i.
fn loss(i: u32) -> vec2f {
  let index = i32(targets[params.targets_offset + i]);
  ${ignored === undefined ? '' : 'if (index == params.ignored) { return vec2f(); }'}
  let class_index = u32(clamp(index, 0, i32(params.classes) - 1));
  let at = (i / params.plane * params.classes + class_index) * params.plane + i % params.plane;
  let weight = ${weight};
  return vec2f(-f32(logarithms[params.logarithms_offset + at]) * weight, weight);
}`,
    body: reduction === 'none' ? eachBody(y) : totalBody(y, reduction),
  });
  return { kernel, workgroups: grid.workgroups, params, operands };
}

function eachBody(y: Operand): string {
  return `
  let i = (workgroup_id.y * params.grid_x + workgroup_id.x) * LANES + local_index;
  if (i < params.count) { y[params.y_offset + i] = ${y.elementType}(loss(i).x); }
`;
}

function totalBody(y: Operand, reduction: LossReduction): string {
  return `
  var sums = vec2f();
  for (var i = local_index; i < params.count; i += LANES) { sums += loss(i); }
  let total = row_sum(sums.x, local_index);
  let weights_total = row_sum(sums.y, local_index);
  if (local_index == 0u) {
    y[params.y_offset] = ${y.elementType}(${reduction === 'mean' ? 'total / weights_total' : 'total'});
  }
`;
}
