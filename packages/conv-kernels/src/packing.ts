import { elementBytes } from './geometry.js';
import { toHalf } from './half.js';
import type { ImplicitGemm } from './implicit.js';
import type { WeightPacking } from './plan.js';

/** The values as f32 or f16 elements. */
export function encodeElements(values: Float32Array, type: 'f32' | 'f16'): ArrayBufferView<ArrayBuffer> {
  return type === 'f16' ? Uint16Array.from(values, toHalf) : Float32Array.from(values);
}

/** Weights in the order they come in; absent where they can be used as they are. */
export function plainPacking(p: ImplicitGemm): WeightPacking | undefined {
  if (p.elementType === 'f32' || p.constantWeights === false) return undefined;
  const count = p.groups * p.columns * p.channels * p.taps;
  return {
    key: 'plain-f16',
    byteLength: Math.ceil(count / 2) * 4,
    pack: (values) => encodeElements(padTo(values, Math.ceil(count / 2) * 2), 'f16'),
  };
}

function padTo(values: Float32Array, length: number): Float32Array {
  if (values.length === length) return values;
  const padded = new Float32Array(length);
  padded.set(values);
  return padded;
}

/**
 * Weights as [group][column block][tap][channel][column in block], zero where a block reaches beyond the last column:
 * the order in which an implicit GEMM with blocks of that many columns reads them. `slack` more zeros follow,
 * for kernels that read whole runs of lanes.
 */
export function blockPacking(p: ImplicitGemm, block: number, slack = 0): WeightPacking {
  const blocks = Math.ceil(p.columns / block);
  const count = p.groups * blocks * p.taps * p.channels * block + slack;
  const { g, n, c, t } = p.weights;
  return {
    key: `blocks-${block}-${p.elementType}-${p.groups}x${p.columns}x${p.channels}x${p.taps}-${g}.${n}.${c}.${t}+${slack}`,
    byteLength: count * elementBytes(p.elementType),
    pack(values) {
      const half = p.elementType === 'f16';
      const out = half ? new Uint16Array(count) : new Float32Array(count);
      let at = 0;
      for (let group = 0; group < p.groups; group++) {
        for (let first = 0; first < p.columns; first += block) {
          const used = Math.min(block, p.columns - first);
          for (let tap = 0; tap < p.taps; tap++) {
            for (let channel = 0; channel < p.channels; channel++) {
              const from = group * g + first * n + channel * c + tap * t;
              for (let i = 0; i < used; i++) {
                const value = values[from + i * n];
                out[at + i] = half ? toHalf(value) : value;
              }
              at += block;
            }
          }
        }
      }
      return out;
    },
  };
}
