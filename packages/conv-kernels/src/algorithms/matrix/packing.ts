import type { ImplicitGemm } from '../../implicit.js';
import { weightSource } from '../../packing/map.js';
import { mappedPacking } from '../../packing/pack.js';
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
 * Weights as [part][group][tile of columns][slice of channels][tap][channel of the slice][column of the tile], channels and
 * columns padded with zeros to whole tiles, so that a workgroup reads one run. With two parts each column is scaled by a power of two so that its largest value is near the top of f16's
 * range, taken apart by `highHalf` and `lowHalf`, and what undoes the scales follows as one f32 a column.
 */
export function matrixPacking(p: ImplicitGemm, tile: MatrixTile, units: MatrixUnits): WeightPacking {
  return mappedPacking({
    format: units.parts === 2 ? 'split-f16' : units.type,
    offset: p.weights.offset,
    source: weightSource(p),
    axes: [
      { coordinate: 'group', size: p.groups, step: 1 },
      { coordinate: 'column', size: Math.ceil(p.columns / tile.columns), step: tile.columns },
      { coordinate: 'channel', size: Math.ceil(p.channels / tile.depth), step: tile.depth },
      { coordinate: 'tap', size: p.taps, step: 1 },
      { coordinate: 'channel', size: tile.depth, step: 1 },
      { coordinate: 'column', size: tile.columns, step: 1 },
    ],
    slack: 0,
  });
}
