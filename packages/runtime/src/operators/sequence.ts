import type { DataType } from '@tessera/onnx-loader';
import type { Tensor } from '../tensor.js';
import { dataTypeOf } from './cast.js';
import { concatTensors } from './concat.js';
import { fromNumbers, normalizeAxis, toNumbers } from './helpers.js';
import type { InferContext, InferResult, NodeContext, Operator, RunContext } from './types.js';
import { takeView, viewOf } from './views.js';

const sequenceOf = (dataType: DataType): InferResult => ({ dataType, container: 'sequence' });

function position(context: NodeContext, index: number, length: number): number {
  if (index < -length || index >= length) {
    context.fail(`position ${index} is outside a sequence of ${length} tensors`);
  }
  return index < 0 ? index + length : index;
}

/** The number in input `index`; undefined where it is absent. */
function numberAt(context: RunContext, index: number): number | undefined {
  const tensor = context.optional(index);
  return tensor && toNumbers(tensor)[0];
}

function requireType(context: NodeContext, sequence: readonly Tensor[], tensor: Tensor): void {
  const dataType = sequence.at(0)?.dataType ?? tensor.dataType;
  if (dataType !== tensor.dataType)
    context.fail(`a ${tensor.dataType} tensor does not go into a sequence of ${dataType}`);
}

function insert(context: RunContext): readonly Tensor[] {
  const sequence = context.sequence(0);
  const tensor = context.tensor(1);
  requireType(context, sequence, tensor);
  const at = numberAt(context, 2) ?? sequence.length;
  return sequence.toSpliced(at === sequence.length ? at : position(context, at, sequence.length), 0, tensor);
}

/** Sizes of the parts along an axis: each one, all of one size (the last smaller), or as given. */
function partSizes(
  context: RunContext,
  size: number,
): { readonly sizes: readonly number[]; readonly isSingle: boolean } {
  const split = context.optional(1);
  if (!split) return { sizes: new Array<number>(size).fill(1), isSingle: true };
  const values = [...toNumbers(split)];
  if (split.dims.length > 0) {
    const total = values.reduce((sum, part) => sum + part, 0);
    if (total !== size) context.fail(`the parts [${values.join(', ')}] sum to ${total}; the axis has ${size} elements`);
    return { sizes: values, isSingle: false };
  }
  const [part] = values;
  if (part < 1) context.fail(`parts of ${part} elements do not split an axis`);
  const sizes = Array.from({ length: Math.ceil(size / part) }, (_, i) => Math.min(part, size - i * part));
  return { sizes, isSingle: false };
}

function splitToSequence(context: RunContext): readonly Tensor[] {
  const x = context.tensor(0);
  const axis = normalizeAxis(context, context.attributes.int('axis', 0), x.dims.length);
  const { sizes, isSingle } = partSizes(context, x.dims[axis]);
  const keepsAxis = !isSingle || context.attributes.int('keepdims', 1) !== 0;
  const { strides } = viewOf(x);
  let first = 0;
  return sizes.map((size) => {
    const shape = x.dims.with(axis, size);
    const part = takeView(x, { shape, strides, offset: size === 0 ? 0 : first * strides[axis] });
    first += size;
    return keepsAxis ? part : { ...part, dims: x.dims.toSpliced(axis, 1) };
  });
}

function concatFromSequence(context: RunContext): Tensor {
  const sequence = context.sequence(0);
  if (sequence.length === 0) return context.fail('the sequence is empty; there is nothing to join');
  const isNew = context.attributes.int('new_axis', 0) !== 0;
  const { dims } = sequence[0];
  const axis = normalizeAxis(context, context.attributes.int('axis'), dims.length + (isNew ? 1 : 0));
  const parts = isNew ? sequence.map((each) => ({ ...each, dims: each.dims.toSpliced(axis, 0, 1) })) : sequence;
  const differs = parts.some((part) => part.dims.with(axis, 0).join() !== parts[0].dims.with(axis, 0).join());
  if (differs)
    context.fail(`the tensors ${parts.map((part) => `[${part.dims}]`).join(', ')} cannot be joined along axis ${axis}`);
  return concatTensors(parts, axis);
}

function hostOperator(
  type: string,
  infer: (context: InferContext) => InferResult,
  run: (context: RunContext) => Tensor | readonly Tensor[],
): Operator {
  return { type, domain: '', since: 11, infer: (context) => [infer(context)], run: (context) => [run(context)] };
}

/** Operators on sequences of tensors, which the host holds. */
export const sequenceOperators: readonly Operator[] = [
  hostOperator(
    'SequenceEmpty',
    (context) => sequenceOf(dataTypeOf(context, 'dtype', 1)),
    () => [],
  ),
  hostOperator(
    'SequenceConstruct',
    (context) => sequenceOf(context.type(0).dataType),
    (context) => {
      const tensors = Array.from({ length: context.inputCount }, (_, i) => context.tensor(i));
      tensors.forEach((tensor) => requireType(context, tensors, tensor));
      return tensors;
    },
  ),
  hostOperator('SequenceInsert', (context) => sequenceOf(context.type(1).dataType), insert),
  hostOperator(
    'SequenceErase',
    (context) => sequenceOf(context.type(0).dataType),
    (context) => {
      const sequence = context.sequence(0);
      return sequence.toSpliced(position(context, numberAt(context, 1) ?? -1, sequence.length), 1);
    },
  ),
  hostOperator(
    'SequenceAt',
    (context) => ({ dataType: context.type(0).dataType }),
    (context) => {
      const sequence = context.sequence(0);
      return sequence[position(context, toNumbers(context.tensor(1))[0], sequence.length)];
    },
  ),
  hostOperator(
    'SequenceLength',
    () => ({ dataType: 'int64', shape: [] }),
    (context) => fromNumbers('int64', [], [context.sequence(0).length]),
  ),
  hostOperator('SplitToSequence', (context) => sequenceOf(context.type(0).dataType), splitToSequence),
  hostOperator('ConcatFromSequence', (context) => ({ dataType: context.type(0).dataType }), concatFromSequence),
];
