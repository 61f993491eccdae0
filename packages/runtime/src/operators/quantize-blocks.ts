import type { Tensor } from '../tensor.js';
import { denseStrides } from '../program/layout.js';
import { normalizeAxis, showDims } from './helpers.js';
import type { LowerContext, NodeContext, Operand } from './types.js';

/** Where scales are for blocks of neighbours along an axis. */
export interface Blocks {
  readonly axis: number;
  readonly size: number;
}

/** What block_size and axis say of a tensor of this rank; undefined where scales are for the tensor or an axis. */
export function blocksOf(context: NodeContext, rank: number): Blocks | undefined {
  const size = context.attributes.int('block_size', 0);
  if (size < 0) context.fail(`block_size is ${size}; it must be 0 or more`);
  return size === 0 ? undefined : { axis: normalizeAxis(context, context.attributes.int('axis', 1), rank), size };
}

function check(context: NodeContext, { axis, size }: Blocks, x: readonly number[], parameter: readonly number[]): void {
  const wanted = x.map((length, i) => (i === axis ? Math.ceil(length / size) : length));
  if (wanted.join() === parameter.join()) return;
  context.fail(
    `scale and zero point ${showDims(parameter)} must have the shape ${showDims(wanted)} for blocks of ${size}`,
  );
}

/** A parameter with one value for each element of x, in host memory. */
export function spreadTensor(context: NodeContext, blocks: Blocks, x: readonly number[], parameter: Tensor): Tensor {
  check(context, blocks, x, parameter.dims);
  const { axis, size } = blocks;
  const inner = x.slice(axis + 1).reduce((total, length) => total * length, 1);
  const source = parameter.data as ArrayLike<number>;
  const count = x.reduce((total, length) => total * length, 1);
  const places = Array.from({ length: count }, (_, i) => {
    const position = Math.floor(i / inner) % x[axis];
    const outer = Math.floor(i / (inner * x[axis]));
    return (outer * parameter.dims[axis] + Math.floor(position / size)) * inner + (i % inner);
  });
  const data = Reflect.construct(parameter.data.constructor, [places.map((place) => source[place])]) as Tensor['data'];
  return { dataType: parameter.dataType, dims: x, data };
}

/** A parameter with one value for each element of x, on the device. */
export function spreadOperand(
  context: LowerContext,
  blocks: Blocks,
  x: readonly number[],
  parameter: Operand,
): Operand {
  check(context, blocks, x, parameter.shape);
  const { axis, size } = blocks;
  const insert = (values: readonly number[], value: number) => values.toSpliced(axis + 1, 0, value);
  const view = { ...parameter, shape: insert(parameter.shape, size), strides: insert(parameter.strides, 0) };
  const dense = context.withLayout(view, 'row-major');
  const shape = parameter.shape.with(axis, parameter.shape[axis] * size);
  return { ...dense, shape: x, strides: denseStrides(shape, 'row-major') };
}
