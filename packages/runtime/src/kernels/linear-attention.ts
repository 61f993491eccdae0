import type { DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { f32, u32 } from './params.js';
import { perElementEmission, place } from './per-element.js';

/** Operands of rank 4 are [batch, step, head, element]; the state is [batch, key head, key element, value element]. */
export interface LinearAttentionProblem {
  readonly q: Operand;
  readonly k: Operand;
  readonly v: Operand;
  /** Logarithms of the factors of the state's rows, by key element or with strides of 0 there. */
  readonly decay?: Operand;
  /** How much of the difference between a value and what the state holds is written; without it the value is. */
  readonly beta?: Operand;
  readonly y: Operand;
  /** In f32; holds the past when the kernel begins, and the present in the end. */
  readonly state: Operand;
  readonly scale: number;
}

/** One invocation a column of a state, which it carries through all steps (Yang et al., 2024). */
export function linearAttentionEmission(problem: LinearAttentionProblem, profile: DeviceProfile): Emission {
  const { q, k, v, decay, beta, y, state, scale } = problem;
  const [batch, steps, keyHeads, keySize] = k.shape;
  const valueSize = v.shape[3];
  const cell = `state[${place('state', ['i0', 'i1', 'e', 'i2'])}]`;
  const read = (name: string, head: string, element: string) =>
    `f32(${name}[${place(name, ['i0', 't', head, element])}])`;
  const decayed = decay ? `${cell} * exp(${read('decay', 'i1', 'e')})` : cell;
  const retrieve = beta
    ? `
    var held = 0.0;
    for (var e = 0u; e < params.key_size; e++) { held += ${read('k', 'i1', 'e')} * ${decayed}; }
    value = ${read('beta', 'i1', '0u')} * (value - held);`
    : '';
  return perElementEmission(
    {
      label: 'linear-attention',
      shape: [batch, keyHeads, valueSize],
      operands: { q, k, v, ...(decay ? { decay } : {}), ...(beta ? { beta } : {}), y, state },
      written: ['y', 'state'],
      params: [u32('steps', steps), u32('key_size', keySize), u32('group', q.shape[2] / keyHeads), f32('scale', scale)],
      body: `
  for (var t = 0u; t < params.steps; t++) {
    var value = ${read('v', 'i1', 'i2')};
    ${retrieve}
    for (var e = 0u; e < params.key_size; e++) { ${cell} = ${decayed} + ${read('k', 'i1', 'e')} * value; }
    for (var g = 0u; g < params.group; g++) {
      let head = i1 * params.group + g;
      var total = 0.0;
      for (var e = 0u; e < params.key_size; e++) { total += ${read('q', 'head', 'e')} * ${cell}; }
      y[${place('y', ['i0', 't', 'head', 'i2'])}] = T_y(params.scale * total);
    }
  }
`,
    },
    profile,
  );
}
