import { elementBytes } from './geometry.js';
import { toHalves } from './half.js';
import type { ImplicitGemm } from './implicit.js';
import type { WeightPacking } from './plan.js';

/** The values as f32 or f16 elements. */
export function encodeElements(values: Float32Array, type: 'f32' | 'f16'): ArrayBufferView<ArrayBuffer> {
  return type === 'f16' ? toHalves(values) : values.slice();
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
      const packed = packBlocks(p, block, values, count);
      return p.elementType === 'f16' ? toHalves(packed) : packed;
    },
  };
}

function packBlocks(p: ImplicitGemm, block: number, values: Float32Array, count: number): Float32Array<ArrayBuffer> {
  const { g, n, c, t } = p.weights;
  const out = new Float32Array(count);
  let at = 0;
  for (let group = 0; group < p.groups; group++) {
    for (let first = 0; first < p.columns; first += block) {
      const used = Math.min(block, p.columns - first);
      for (let tap = 0; tap < p.taps; tap++) {
        const from = group * g + first * n + tap * t;
        at = packBlock(values, from, n, c, used, p.channels, out, at, block);
      }
    }
  }
  return out;
}

/** Writes `used` columns of all channels as rows of `block` elements, and returns where the next row begins. */
function packBlock(
  values: Float32Array,
  start: number,
  columnStride: number,
  channelStride: number,
  used: number,
  channels: number,
  out: Float32Array,
  first: number,
  block: number,
): number {
  for (let channel = 0; channel < channels; channel++) {
    const from = start + channel * channelStride;
    const at = first + channel * block;
    for (let i = 0; i < used; i++) out[at + i] = values[from + i * columnStride];
  }
  return first + channels * block;
}
