import type { DeviceProfile, Param } from '@tessera/conv-kernels';
import type { Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { offsetParam, u32 } from './params.js';
import { walkLength } from './reduce.js';
import { collapseWalk, walkCode } from './walk.js';

/** A dimension of which an index chooses the place. */
interface IndexedDimension {
  readonly size: number;
  readonly stride: number;
}

/**
 * What gathers and scatters have in common: for each coordinate i of `sizes` indices are read from `indices` at place(i)
 * and the `dimensions.length` elements after it, `indexStride` apart; negative ones count from the end.
 */
export interface IndexedProblem {
  readonly indices: Operand;
  readonly output: Operand;
  readonly sizes: readonly number[];
  /** Strides along `sizes`: of the place in `indices`, of the output. */
  readonly indexStrides: readonly number[];
  readonly outputStrides: readonly number[];
  readonly dimensions: readonly IndexedDimension[];
  readonly indexStride: number;
}

/** The third operand of such a kernel: what is gathered from, or what is scattered. */
interface IndexedOperand {
  /** Its name in the walk, and its offset as a param. */
  readonly name: string;
  readonly offset: Param;
  readonly strides: readonly number[];
}

/** Invocations in workgroups of `workgroupSize`, one for each of `count` coordinates, and how they find their elements. */
export function indexedWalk(
  problem: IndexedProblem,
  { name, offset, strides }: IndexedOperand,
  workgroupSize: number,
  profile: DeviceProfile,
) {
  const { indices, output, sizes, indexStrides, outputStrides, dimensions, indexStride } = problem;
  const walk = collapseWalk({ sizes, strides: { [name]: strides, place: indexStrides, output: outputStrides } });
  const count = walkLength(walk);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const { declarations, params } = walkCode('element', walk);
  return {
    count,
    workgroups: grid.workgroups,
    declarations,
    params: [
      grid.param,
      u32('count', count),
      offset,
      offsetParam('indices', indices),
      offsetParam('output', output),
      u32('index_stride', indexStride),
      ...dimensions.flatMap(({ size, stride }, i) => [u32(`size${i}`, size), u32(`stride${i}`, stride)]),
      ...params,
    ],
  };
}
