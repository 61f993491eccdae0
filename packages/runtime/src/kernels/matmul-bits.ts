import type { DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { u32 } from './params.js';
import { perElementEmission, place } from './per-element.js';

export interface BitsProblem {
  /** [row, k]. */
  readonly a: Operand;
  /** Words of packed weights, those of one column after another; the first weight of a word lies in its lowest bits. */
  readonly weights: Operand;
  /** One number for each block of each column, [n, blocks]. */
  readonly scales: Operand;
  readonly zeros: Operand;
  readonly bias?: Operand;
  /** [row, n]. */
  readonly y: Operand;
  readonly bits: number;
  readonly blockSize: number;
}

/** y = a x w for weights of a few bits in blocks with a scale and a zero each: one invocation an element. */
export function matmulBitsEmission(problem: BitsProblem, profile: DeviceProfile): Emission {
  const { a, weights, scales, zeros, bias, y, bits, blockSize } = problem;
  const [rows, k] = a.shape;
  const [columns, blocks] = scales.shape;
  const perWord = 32 / bits;
  return perElementEmission(
    {
      label: `matmul-${bits}-bits`,
      shape: [rows, columns],
      operands: { a, weights, scales, zeros, ...(bias ? { bias } : {}), y },
      params: [u32('k', k), u32('blocks', blocks), u32('words', blockSize / perWord)],
      flops: 2 * rows * columns * k,
      body: `
  var total = ${bias ? 'f32(bias[params.bias_offset + i1 * params.bias_stride0])' : '0.0'};
  for (var block = 0u; block < params.blocks; block++) {
    let scale = scales[${place('scales', ['i1', 'block'])}];
    let zero = zeros[${place('zeros', ['i1', 'block'])}];
    var sum = 0.0;
    for (var word = 0u; word < params.words; word++) {
      var packed = weights[(i1 * params.blocks + block) * params.words + word];
      let first = (block * params.words + word) * ${perWord}u;
      let count = min(${perWord}u, select(0u, params.k - first, first < params.k));
      for (var e = 0u; e < count; e++) {
        sum += f32(a[${place('a', ['i0', 'first + e'])}]) * (f32(packed & ${2 ** bits - 1}u) - zero);
        packed >>= ${bits}u;
      }
    }
    total += sum * scale;
  }
  y[${place('y', ['i0', 'i1'])}] = T_y(total);
`,
    },
    profile,
  );
}
