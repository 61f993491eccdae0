import type { ImplicitGemm } from '../implicit.js';
import type { WeightPacking } from '../plan.js';
import { weightSource, type PackedAxis, type PackingMap } from './map.js';
import { mappedPacking } from './pack.js';

/** Weights in the order they come in; absent where they can be used as they are. */
export function plainPacking(p: ImplicitGemm): WeightPacking | undefined {
  if (p.elementType === 'f32' || p.constantWeights === false) return undefined;
  return mappedPacking(plainMap(p.groups * p.columns * p.channels * p.taps, 'f16'));
}

/** So many values in their order, whole words. */
export function plainMap(count: number, format: 'f32' | 'f16'): PackingMap {
  const one = { size: 1, stride: 0 };
  const size = format === 'f16' ? Math.ceil(count / 2) * 2 : count;
  return {
    format,
    offset: 0,
    source: { group: one, column: { size: count, stride: 1 }, channel: one, tap: one },
    axes: [{ coordinate: 'column', size, step: 1 }],
    slack: 0,
  };
}

/**
 * Weights as [group][column block][tap][channel][column in block], zero where a block reaches beyond the last column:
 * the order in which an implicit GEMM with blocks of that many columns reads them. `slack` more zeros follow,
 * for kernels that read whole runs of lanes.
 */
export function blockPacking(p: ImplicitGemm, block: number, slack = 0): WeightPacking {
  const axes: PackedAxis[] = [
    { coordinate: 'group', size: p.groups, step: 1 },
    { coordinate: 'column', size: Math.ceil(p.columns / block), step: block },
    { coordinate: 'tap', size: p.taps, step: 1 },
    { coordinate: 'channel', size: p.channels, step: 1 },
    { coordinate: 'column', size: block, step: 1 },
  ];
  return mappedPacking({ format: p.elementType, offset: p.weights.offset, source: weightSource(p), axes, slack });
}

/** Weights as [tap][channel of the group][output channel of all groups]. */
export function tapPacking(p: ImplicitGemm): WeightPacking {
  const all = p.groups * p.columns;
  const source = { ...weightSource(p), group: { size: 1, stride: 0 }, column: { size: all, stride: p.weights.n } };
  const axes: PackedAxis[] = [
    { coordinate: 'tap', size: p.taps, step: 1 },
    { coordinate: 'channel', size: p.channels, step: 1 },
    { coordinate: 'column', size: all, step: 1 },
  ];
  return mappedPacking({ format: p.elementType, offset: 0, source, axes, slack: 0 });
}
