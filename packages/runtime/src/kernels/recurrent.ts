import { shader, type Binding, type DeviceProfile } from '@tessera/conv-kernels';
import type { RecurrentSettings, RecurrentSizes } from '../operators/recurrent-problem.js';
import { gateCounts, outputStrides } from '../operators/recurrent-problem.js';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { mathFunctions } from './math.js';
import { u32 } from './params.js';
import { literal, storageEnables } from './storage-types.js';

const workgroupSize = 64;

export interface RecurrentOperands {
  /** Products of X and W: a row for each step and batch as X has them, [directions * gates * hidden] wide. */
  readonly projected: Operand;
  /** R with strides along [direction, row, hidden]. */
  readonly recurrent: Operand;
  /** Dense [directions, 2 * gates * hidden]. */
  readonly bias?: Operand;
  /** Dense [directions, 3 * hidden]. */
  readonly peepholes?: Operand;
  readonly lengths?: Operand;
  /**
   * f32 [3, directions, batch, hidden]: the hidden state, room for the next one, and an LSTM's cell state or room for a
   * GRU's. What the initial states fill must be set before; the final states are left there.
   */
  readonly state: Operand;
  readonly hasInitial: { readonly hidden: boolean; readonly cell: boolean };
  /** Dense, as ONNX has Y. */
  readonly y: Operand;
}

/** One workgroup for each direction and batch, which goes through all steps. */
export function recurrentEmission(
  settings: RecurrentSettings,
  sizes: RecurrentSizes,
  operands: RecurrentOperands,
  profile: DeviceProfile,
): Emission {
  const { steps, batch, hidden, directions } = sizes;
  const { projected, recurrent, bias, peepholes, lengths, state, y } = operands;
  const groups = directions * batch;
  const grid = gridOf(groups, profile);
  const to = outputStrides(settings, sizes);
  const width = directions * gateCounts[settings.cell] * hidden;
  const bound: readonly (readonly [string, Binding['access'], Operand | undefined])[] = [
    ['projected', 'read', projected],
    ['recurrent', 'read', recurrent],
    ['bias', 'read', bias],
    ['peepholes', 'read', peepholes],
    ['lengths', 'read', lengths],
    ['state', 'read_write', state],
    ['y', 'read_write', y],
  ];
  const present = bound.flatMap(([name, access, operand]) => (operand ? [{ name, access, operand }] : []));
  const params = [
    grid.param,
    u32('groups', groups),
    u32('batch', batch),
    u32('steps', steps),
    u32('hidden', hidden),
    u32('slot', groups * hidden),
    u32('projected_step', (settings.isBatchFirst ? 1 : batch) * width),
    u32('projected_batch', (settings.isBatchFirst ? steps : 1) * width),
    u32('recurrent_direction', recurrent.strides[0]),
    u32('recurrent_row', recurrent.strides[1]),
    u32('recurrent_column', recurrent.strides[2]),
    u32('y_step', to.step),
    u32('y_direction', to.direction),
    u32('y_batch', to.batch),
    ...present.map(({ name, operand }) => u32(`${name}_offset`, operand.offset)),
    ...(lengths ? [u32('lengths_stride', lengths.strides[0])] : []),
  ];
  const kernel = shader({
    label: settings.cell,
    enables: storageEnables(...present.map(({ operand }) => operand.elementType)),
    consts: { GATES: gateCounts[settings.cell], LANES: workgroupSize },
    bindings: present.map(({ name, access, operand }) => ({ name, access, type: `array<${operand.elementType}>` })),
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: declarations(settings, operands),
    body: body(settings, operands),
  });
  return { kernel, workgroups: grid.workgroups, params, operands: present.map(({ operand }) => operand) };
}

/** The n-th activation of every direction; the input is clipped first. */
function activationCode({ activations, clip }: RecurrentSettings, n: number): string {
  const bound = clip === undefined ? undefined : literal(clip, 'f32');
  const clipped = bound ? `clamp(value, -${bound}, ${bound})` : 'value';
  const codes = activations.map((ofDirection) => ofDirection[n].code);
  const second = codes[1] && codes[1] !== codes[0] ? `\n  if (direction == 1u) { return ${codes[1]}; }` : '';
  return `fn activation${n}(value: f32, direction: u32) -> f32 {
  let x = ${clipped};${second}
  return ${codes[0]};
}`;
}

function declarations(settings: RecurrentSettings, { bias, peepholes }: RecurrentOperands): string {
  const biasAt = (row: string) =>
    bias ? `f32(bias[params.bias_offset + direction * 2u * GATES * params.hidden + ${row}])` : '0.0';
  const peepholeAt = 'f32(peepholes[params.peepholes_offset + (direction * 3u + index) * params.hidden + j])';
  return `
${mathFunctions(['tanh', 'sigmoid', 'softplus'])}
${settings.activations[0].map((_, n) => activationCode(settings, n)).join('\n')}
fn from_input(row: u32, direction: u32, gate: u32, j: u32) -> f32 {
  let place = gate * params.hidden + j;
  let projection = projected[params.projected_offset + row + direction * GATES * params.hidden + place];
  return f32(projection) + ${biasAt('place')};
}
fn from_state(direction: u32, gate: u32, j: u32, start: u32) -> f32 {
  let place = gate * params.hidden + j;
  var at = params.recurrent_offset + direction * params.recurrent_direction + place * params.recurrent_row;
  var sum = ${biasAt('GATES * params.hidden + place')};
  for (var k = 0u; k < params.hidden; k++) {
    sum += f32(recurrent[at]) * state[start + k];
    at += params.recurrent_column;
  }
  return sum;
}
fn peephole(direction: u32, index: u32, j: u32) -> f32 {
  return ${peepholes ? peepholeAt : '0.0'};
}`;
}

/** Statements that set \`next\`, the new hidden state's element j. */
function cellCode({ cell, linearBeforeReset, inputForget }: RecurrentSettings): string {
  const sum = (gate: number) => `from_input(row, d, ${gate}u, j) + from_state(d, ${gate}u, j, old)`;
  if (cell === 'rnn') return `let next = activation0(${sum(0)}, d);`;
  if (cell === 'gru') {
    const recurrent = linearBeforeReset
      ? `activation0(${sum(1)}, d) * from_state(d, 2u, j, old)`
      : 'from_state(d, 2u, j, third)';
    return `let update = activation0(${sum(0)}, d);
      let candidate = activation1(from_input(row, d, 2u, j) + ${recurrent}, d);
      let next = (1.0 - update) * candidate + update * state[old + j];`;
  }
  const forget = inputForget ? '1.0 - input' : `activation0(${sum(2)} + peephole(d, 2u, j) * cell, d)`;
  return `var cell = state[third + j];
      let input = activation0(${sum(0)} + peephole(d, 0u, j) * cell, d);
      let forget = ${forget};
      cell = forget * cell + input * activation1(${sum(3)}, d);
      state[third + j] = cell;
      let next = activation0(${sum(1)} + peephole(d, 1u, j) * cell, d) * activation2(cell, d);`;
}

function body(settings: RecurrentSettings, { y, lengths, hasInitial }: RecurrentOperands): string {
  const { cell, linearBeforeReset, reversed } = settings;
  const perElement = 'for (var j = local_index; j < params.hidden; j += LANES)';
  const resets = cell === 'gru' && !linearBeforeReset;
  const reset = `${perElement} {
      let r = activation0(from_input(row, d, 1u, j) + from_state(d, 1u, j, old), d);
      state[third + j] = r * state[old + j];
    }
    storageBarrier();`;
  const isReversed = reversed.length === 2 ? 'd == 1u' : String(reversed[0]);
  const length = lengths
    ? 'u32(clamp(lengths[params.lengths_offset + n * params.lengths_stride], 0, i32(params.steps)))'
    : 'params.steps';
  return `
  let group = workgroup_id.y * params.grid_x + workgroup_id.x;
  let is_real = group < params.groups;
  let d = group / params.batch;
  let n = group % params.batch;
  let first = params.state_offset + select(0u, group * params.hidden, is_real);
  let third = first + 2u * params.slot;
  let y_start = params.y_offset + d * params.y_direction + n * params.y_batch;
  var length = 0u;
  if (is_real) {
    length = ${length};
    ${perElement} {
      ${hasInitial.hidden ? '' : 'state[first + j] = 0.0;'}
      ${hasInitial.cell ? '' : 'state[third + j] = 0.0;'}
      for (var t = length; t < params.steps; t++) { y[y_start + t * params.y_step + j] = ${y.elementType}(0.0); }
    }
  }
  storageBarrier();
  for (var i = 0u; i < params.steps; i++) {
    let is_active = i < length;
    let t = select(i, length - 1u - i, ${isReversed} && is_active);
    let row = t * params.projected_step + n * params.projected_batch;
    let old = first + (i & 1u) * params.slot;
    let new_state = first + (1u - (i & 1u)) * params.slot;
    let hidden = select(0u, params.hidden, is_active);
    ${resets ? reset.replaceAll('params.hidden', 'hidden') : ''}
    ${perElement.replace('params.hidden', 'hidden')} {
      ${cellCode(settings)}
      state[new_state + j] = next;
      y[y_start + t * params.y_step + j] = ${y.elementType}(next);
    }
    storageBarrier();
  }
  if ((length & 1u) == 1u) {
    ${perElement} { state[first + j] = state[first + params.slot + j]; }
  }
`;
}
