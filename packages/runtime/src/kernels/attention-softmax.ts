import { shader, type Binding, type DeviceProfile } from '@tessera/conv-kernels';
import type { AttentionSettings } from '../operators/attention-problem.js';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { mathFunctions } from './math.js';
import { i32, u32 } from './params.js';
import { rowReductions } from './row-reduction.js';
import { literal, storageEnables } from './storage-types.js';

const lanes = 64;

export interface AttentionSoftmax {
  /** Dense [batch, head, query, key], as are the results. */
  readonly scores: Operand;
  readonly probabilities: Operand;
  /** Where the scores go after softcap (mode 1) or after the mask (mode 2). */
  readonly stage?: Operand;
  readonly mask?: {
    readonly operand: Operand;
    readonly isBool: boolean;
    /** Along [batch, head, query, key]. */
    readonly strides: readonly number[];
    /** Keys the mask speaks of; those after them are not seen. */
    readonly keys: number;
  };
  /** Keys of each batch that are real. */
  readonly lengths?: Operand;
  readonly past: number;
}

/** Softmax over the keys that a query sees; zeros where it sees none. One workgroup a row. */
export function attentionSoftmaxEmission(
  settings: AttentionSettings,
  problem: AttentionSoftmax,
  profile: DeviceProfile,
): Emission {
  const { scores, probabilities, stage, mask, lengths } = problem;
  const [batch, heads, queries, keys] = scores.shape;
  const rows = batch * heads * queries;
  const grid = gridOf(rows, profile);
  const all: readonly (readonly [string, Binding['access'], Operand | undefined])[] = [
    ['scores', 'read', scores],
    ['probabilities', 'read_write', probabilities],
    ['stage', 'read_write', stage],
    ['mask', 'read', mask?.operand],
    ['lengths', 'read', lengths],
  ];
  const present = all.flatMap(([name, access, operand]) => (operand ? [{ name, access, operand }] : []));
  const params = [
    grid.param,
    u32('rows', rows),
    u32('heads', heads),
    u32('queries', queries),
    u32('keys', keys),
    i32('past', problem.past),
    i32('left', settings.left),
    i32('right', settings.right),
    ...present.map(({ name, operand }) => u32(`${name}_offset`, operand.offset)),
    ...(mask ? [u32('mask_keys', mask.keys), ...mask.strides.map((stride, i) => u32(`mask_stride${i}`, stride))] : []),
    ...(lengths ? [u32('lengths_stride', lengths.strides[0])] : []),
  ];
  const kernel = shader({
    label: 'attention-softmax',
    enables: storageEnables(...present.map(({ operand }) => operand.elementType)),
    aliases: { T: scores.elementType },
    consts: { ROWS: 1, LANES: lanes, LOWEST: literal(-Infinity, 'f32') },
    bindings: present.map(({ name, access, operand }) => ({ name, access, type: `array<${operand.elementType}>` })),
    params,
    workgroupSize: [lanes, 1, 1],
    declarations: `
${mathFunctions(['tanh'])}
${rowReductions(lanes, { max: 'max(a, b)', sum: 'a + b' })}
${scoreCode(settings, problem)}`,
    body: body(settings, problem),
  });
  return { kernel, workgroups: grid.workgroups, params, operands: present.map(({ operand }) => operand) };
}

/** `capped(at)` and `bias(b, h, s, t)`; a bias of minus infinity hides the key. */
function scoreCode({ isCausal, left, right, softcap }: AttentionSettings, problem: AttentionSoftmax): string {
  const { mask, lengths } = problem;
  const cap = literal(softcap, 'f32');
  const hidden = [
    ...(lengths ? ['key >= length'] : []),
    ...(isCausal ? ['key > place'] : []),
    ...(left >= 0 ? ['key < place - params.left'] : []),
    ...(right >= 0 ? ['key > place + params.right'] : []),
    ...(mask ? ['t >= params.mask_keys'] : []),
  ];
  const at = `mask[params.mask_offset + b * params.mask_stride0 + h * params.mask_stride1 + s * params.mask_stride2 + t * params.mask_stride3]`;
  const value = mask?.isBool ? `select(negative_infinity(), 0.0, ${at} != 0)` : `f32(${at})`;
  return `
fn negative_infinity() -> f32 {
  var bits = 0xff800000u;
  return bitcast<f32>(bits);
}
fn is_hidden(bias: f32) -> bool {
  return bitcast<u32>(bias) == 0xff800000u;
}
fn capped(at: u32) -> f32 {
  let score = f32(scores[params.scores_offset + at]);
  return ${softcap > 0 ? `${cap} * tanh_f32(score / ${cap})` : 'score'};
}
fn bias(b: u32, h: u32, s: u32, t: u32) -> f32 {
  let key = i32(t);
  ${lengths ? 'let length = i32(lengths[params.lengths_offset + b * params.lengths_stride]);' : ''}
  let place = i32(s) + ${lengths ? 'length - i32(params.queries)' : 'params.past'};
  if (${hidden.join(' || ') || 'false'}) { return negative_infinity(); }
  return ${mask ? value : '0.0'};
}`;
}

function body({ outputMode }: AttentionSettings, { stage }: AttentionSoftmax): string {
  const masked = 'T(select(score + offset, negative_infinity(), is_hidden(offset)))';
  const staged = stage ? `stage[params.stage_offset + start + t] = ${outputMode === 1 ? 'T(score)' : masked};` : '';
  return `
  let row = workgroup_id.y * params.grid_x + workgroup_id.x;
  let count = select(0u, params.keys, row < params.rows);
  let s = row % params.queries;
  let h = row / params.queries % params.heads;
  let b = row / (params.queries * params.heads);
  let start = row * params.keys;
  var largest = LOWEST;
  var seen = 0.0;
  for (var t = local_index; t < count; t += LANES) {
    let score = capped(start + t);
    let offset = bias(b, h, s, t);
    ${staged}
    if (!is_hidden(offset)) {
      largest = max(largest, score + offset);
      seen = 1.0;
    }
  }
  let maximum = row_max(largest, local_index);
  let sees_any = row_max(seen, local_index) > 0.0;
  var sum = 0.0;
  for (var t = local_index; t < count; t += LANES) {
    let offset = bias(b, h, s, t);
    if (!is_hidden(offset)) { sum += exp(capped(start + t) + offset - maximum); }
  }
  let total = row_sum(sum, local_index);
  for (var t = local_index; t < count; t += LANES) {
    let offset = bias(b, h, s, t);
    var chance = 0.0;
    if (sees_any && !is_hidden(offset)) { chance = exp(capped(start + t) + offset - maximum) / total; }
    probabilities[params.probabilities_offset + start + t] = T(chance);
  }
`;
}
