import type { WeightPacking } from '../plan.js';
import type { Int8Shape } from './implicit.js';
import { signedShift } from './store.js';

/** Words of packed weights, and where the sums of their columns begin; both counted in vec4s of four columns. */
export interface Int8WeightSize {
  /** Four channels a word. */
  readonly channelWords: number;
  readonly columnQuads: number;
  readonly sumsAt: number;
  readonly vectors: number;
}

export function weightSize({ gemm }: Int8Shape): Int8WeightSize {
  const channelWords = Math.ceil(gemm.channels / 4);
  const columnQuads = Math.ceil(gemm.columns / 4);
  const sumsAt = gemm.groups * gemm.taps * channelWords * columnQuads;
  return { channelWords, columnQuads, sumsAt, vectors: sumsAt + gemm.groups * columnQuads };
}

/**
 * Weights as signed bytes, four channels a word, in the order [group][tap][channel word][column], and after them the
 * sum of each column, [group][column]; columns are filled up with zeros to a multiple of four, channels too.
 */
export function int8Packing(shape: Int8Shape): WeightPacking {
  const { groups, columns, channels, taps, weights } = shape.gemm;
  const { channelWords, columnQuads, sumsAt, vectors } = weightSize(shape);
  const { weightType } = shape.arithmetic;
  const shift = signedShift(weightType);
  return {
    key: `int8-${weightType}-${groups}x${columns}x${channels}x${taps}-${weights.g}.${weights.n}.${weights.c}.${weights.t}`,
    byteLength: vectors * 16,
    pack(values) {
      const bytes = new Int8Array(vectors * 16);
      const sums = new Int32Array(bytes.buffer, sumsAt * 16);
      const wide = columnQuads * 4;
      for (let g = 0; g < groups; g++) {
        for (let t = 0; t < taps; t++) {
          for (let c = 0; c < channels; c++) {
            const word = ((g * taps + t) * channelWords + (c >> 2)) * wide;
            for (let n = 0; n < columns; n++) {
              const value = values[g * weights.g + n * weights.n + c * weights.c + t * weights.t] - shift;
              bytes[(word + n) * 4 + (c & 3)] = value;
              sums[g * wide + n] += value;
            }
          }
        }
      }
      return new Uint32Array(bytes.buffer);
    },
  };
}

/** Weights one a word, in the order they come in. */
export function int8PlainPacking({ gemm, arithmetic }: Int8Shape): WeightPacking | undefined {
  if (!arithmetic.constantWeights) return undefined;
  return {
    key: 'int8-words',
    byteLength: gemm.groups * gemm.columns * gemm.channels * gemm.taps * 4,
    pack: (values) => Int32Array.from(values),
  };
}
