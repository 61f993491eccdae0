import { col2imEmission, type BlockAxis } from '../kernels/col2im.js';
import type { Tensor } from '../tensor.js';
import { fromNumbers, integersOf, showDims, toNumbers } from './helpers.js';
import { forEachIndex, product } from './host-index.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

interface Blocks {
  readonly channels: number;
  readonly axes: readonly BlockAxis[];
}

function readBlocks(context: NodeContext, x: readonly number[], image: readonly number[], block: readonly number[]) {
  const { attributes } = context;
  const ones = image.map(() => 1);
  const [dilations, strides] = [attributes.ints('dilations', ones), attributes.ints('strides', ones)];
  const pads = attributes.ints('pads', [...image, ...image].fill(0));
  const axes = image.map((size, d): BlockAxis => {
    const reach = dilations[d] * (block[d] - 1) + 1;
    const positions = Math.floor((size + pads[d] + pads[d + image.length] - reach) / strides[d]) + 1;
    return { image: size, block: block[d], dilation: dilations[d], padBefore: pads[d], stride: strides[d], positions };
  });
  const channels = x[1] / product(block);
  if (block.length !== image.length || x.length !== 3 || !Number.isInteger(channels)) {
    context.fail(`blocks ${showDims(block)} of an image ${showDims(image)} do not make up the input ${showDims(x)}`);
  }
  const positions = product(axes.map((axis) => axis.positions));
  if (positions !== x[2]) context.fail(`the blocks have ${positions} positions; the input ${showDims(x)} has ${x[2]}`);
  return { channels, axes } satisfies Blocks;
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  const [image, block] = [context.dims(1), context.dims(2)];
  if (!shape || !image || !block) return [{ dataType }];
  const elements = block.reduce<number>((total, size) => total * Number(size), 1);
  const channels = typeof shape[1] === 'number' && elements > 0 ? shape[1] / elements : context.unknown();
  return [{ dataType, shape: [shape[0], channels, ...image] }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const [x, image, block] = [context.input(0), integersOf(context.input(1))!, integersOf(context.input(2))!];
  const { channels, axes } = readBlocks(context, x.dims, image, block);
  const dims = [x.dims[0], channels, ...image];
  const values = toNumbers(x);
  const result = new Float64Array(product(dims));
  const sizes = [x.dims[0], channels, ...block, ...axes.map((axis) => axis.positions)];
  forEachIndex(sizes, (index, flat) => {
    let at = index[0] * channels + index[1];
    for (let d = 0; d < axes.length; d++) {
      const { image: size, dilation, padBefore, stride } = axes[d];
      const position = index[2 + axes.length + d] * stride + index[2 + d] * dilation - padBefore;
      if (position < 0 || position >= size) return;
      at = at * size + position;
    }
    result[at] += values[flat];
  });
  return [fromNumbers(x.dataType, dims, result)];
}

function lower(context: LowerContext): void {
  const x = context.input(0);
  const integers = (index: number, name: string) =>
    integersOf(context.constant(index)) ?? context.fail(`${name} depends on data; it must be constant`);
  const { axes } = readBlocks(context, x.shape, integers(1, 'image_shape'), integers(2, 'block_shape'));
  const y = context.allocate(context.outputType(0));
  context.emit(col2imEmission(x, y, axes, context.profile));
  context.output(0, y);
}

export const col2imOperators: readonly Operator[] = [
  { type: 'Col2Im', domain: '', since: 18, infer, evaluate, lower, valueInputs: [1, 2] },
];
