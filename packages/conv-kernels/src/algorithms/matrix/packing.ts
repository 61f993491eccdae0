import { fromHalf, toHalf } from '../../half.js';
import type { ImplicitGemm } from '../../implicit.js';
import type { WeightPacking } from '../../plan.js';
import type { MatrixTile, MatrixUnits } from './shape.js';
import { lanesPerVector } from './shape.js';

/** Where packed weights lie; in vec4u. */
export interface PackedWeights {
  readonly columns: number;
  /** Rows of K of one group, the channels padded to whole slices. */
  readonly depth: number;
  /** Of one part (the high or the low halves) of all groups. */
  readonly part: number;
  /** Where the columns' scales begin, f32; only with two parts. */
  readonly scales: number;
  readonly total: number;
}

/** The layout of packed weights for a tile. */
export function packedLayout(p: ImplicitGemm, tile: MatrixTile, units: MatrixUnits): PackedWeights {
  const columns = Math.ceil(p.columns / tile.columns) * tile.columns;
  const depth = p.taps * Math.ceil(p.channels / tile.depth) * tile.depth;
  const part = (p.groups * depth * columns) / lanesPerVector(units);
  const scales = units.parts * part;
  return { columns, depth, part, scales, total: scales + (units.parts === 2 ? (p.groups * columns) / 4 : 0) };
}

/**
 * Weights as [part][group][slice of channels][tap][channel of the slice][column], channels and columns padded with zeros to
 * whole tiles. With two
 * parts each column is scaled by a power of two so that its largest value is near the top of f16's range, taken apart
 * by `highHalf` and `lowHalf`, and what undoes the scales follows as one f32 a column.
 */
export function matrixPacking(p: ImplicitGemm, tile: MatrixTile, units: MatrixUnits): WeightPacking {
  const layout = packedLayout(p, tile, units);
  const { g, n, c, t } = p.weights;
  const kind = units.parts === 2 ? 'split' : units.type;
  return {
    key: `matrix-${kind}-${tile.depth}-${p.groups}x${p.taps}x${p.channels}x${p.columns}/${layout.columns}-${g}.${n}.${c}.${t}`,
    byteLength: 16 * layout.total,
    pack(values) {
      const words = new Uint32Array(4 * layout.total);
      const write = writer(words, units, 8 * layout.part);
      const scales = new Float32Array(words.buffer, 16 * layout.scales);
      const factors = new Float64Array(block).fill(1);
      for (let group = 0; group < p.groups; group++) {
        for (let first = 0; first < p.columns; first += block) {
          const count = Math.min(block, p.columns - first);
          const start = group * g + first * n;
          for (let j = 0; j < count && units.parts === 2; j++) {
            factors[j] = columnScale(p, values, start + j * n);
            scales[group * layout.columns + first + j] = 1 / factors[j];
          }
          for (let channel = 0; channel < p.channels; channel++) {
            for (let tap = 0; tap < p.taps; tap++) {
              const slice = Math.floor(channel / tile.depth) * p.taps + tap;
              const k = group * layout.depth + slice * tile.depth + (channel % tile.depth);
              const at = k * layout.columns + first;
              const from = start + channel * c + tap * t;
              for (let j = 0; j < count; j++) write(at + j, values[from + j * n] * factors[j]);
            }
          }
        }
      }
      return words;
    },
  };
}

/** Columns packed side by side, so that whole lines of the cache are written. */
const block = 32;

/** Writes a weight at an index, in the type of the units' factors, and its low half `lowAt` further on. */
function writer(words: Uint32Array, units: MatrixUnits, lowAt: number): (at: number, value: number) => void {
  const halves = new Uint16Array(words.buffer);
  const floats = new Float32Array(words.buffer);
  if (units.type === 'f32') return (at, value) => (floats[at] = value);
  if (units.parts === 1) return (at, value) => (halves[at] = toHalf(value));
  return (at, value) => {
    const high = highHalf(value);
    halves[at] = high;
    halves[at + lowAt] = lowHalf(value, high);
  };
}

/** A power of two that brings the largest finite magnitude of a column to [2^14, 2^15); 1 for a column of zeros. */
function columnScale(p: ImplicitGemm, values: Float32Array, from: number): number {
  const { c, t } = p.weights;
  let most = 0;
  for (let tap = 0; tap < p.taps; tap++) {
    for (let channel = 0; channel < p.channels; channel++) {
      const value = Math.abs(values[from + channel * c + tap * t]);
      if (value > most && value < Infinity) most = value;
    }
  }
  return powerOfTwoScale(most);
}

/** 2^e with most * 2^e in [2^14, 2^15), e at most 100 so that 2^-e is a normal f32; 1 for 0. */
export function powerOfTwoScale(most: number): number {
  if (most === 0) return 1;
  return 2 ** Math.min(100, 14 - Math.floor(Math.log2(most)));
}

/**
 * The bits of the nearest f16, but 0 only for 0, so that a product with infinity is infinite. With `lowHalf` it gives
 * the value to 22 bits or 2^-25, whichever is more.
 */
export function highHalf(value: number): number {
  const high = toHalf(value);
  return value !== 0 && (high & 0x7fff) === 0 ? high | 1 : high;
}

/** The bits of the f16 nearest to what a high half lacks; 0 where that is not finite. */
export function lowHalf(value: number, high: number): number {
  const rest = value - fromHalf(high);
  return Number.isFinite(rest) ? toHalf(rest) : 0;
}
