import type { DataType } from '@tessera/onnx-loader';
import type { Formula } from '../kernels/elementwise.js';
import { storageType } from '../program/storage.js';
import { arrayTypeOf, type Tensor } from '../tensor.js';
import { dataTypeOf } from './cast.js';
import { emitElementwise } from './elementwise.js';
import type { EvaluateContext, InferContext, LowerContext, NodeContext, Operator } from './types.js';

/** Bytes of an element in host memory, which are its own where it has 8 bits or more. */
function bytesOf(context: NodeContext, dataType: DataType): number {
  const array = arrayTypeOf(dataType);
  const isWhole = array && !/^u?int[24]$|^float4|^complex/.test(dataType);
  return isWhole
    ? array.BYTES_PER_ELEMENT
    : context.fail(`the bits of ${dataType} cannot be read as those of another type`);
}

function target(context: NodeContext, from: DataType): DataType {
  const to = dataTypeOf(context, 'to');
  if (bytesOf(context, from) !== bytesOf(context, to)) {
    context.fail(`${from} and ${to} have elements of different widths, which is not a cast of bits`);
  }
  return to;
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const { dataType, dims, data } = context.input(0);
  const to = target(context, dataType);
  const bytes = new Uint8Array((data as Float32Array).slice().buffer);
  return [{ dataType: to, dims, data: new (arrayTypeOf(to)!)(bytes.buffer as ArrayBuffer) }];
}

const is32Bit = (dataType: DataType) => ['float32', 'int32', 'uint32'].includes(dataType);

/** The device holds elements of other widths, and float32 of an fp16 program, in words that are not their bits. */
function hostReason(context: InferContext): string | undefined {
  const from = context.type(0).dataType;
  const to = target(context, from);
  return is32Bit(from) && is32Bit(to)
    ? undefined
    : `the device does not hold the bits of ${from} and ${to} as they are`;
}

function lower(context: LowerContext): void {
  const type = context.outputType(0);
  const x = context.input(0);
  const held = (dataType: DataType) => storageType(dataType, 'f32', true);
  const [from, to] = [held(x.dataType), held(type.dataType)];
  const formula: Formula = { label: 'bit-cast', wgsl: `return R(bitcast<${to}>(${from}(a)));` };
  context.output(0, emitElementwise(context, formula, [x], type));
}

/** BitCast: the same bits as another type of the same width. */
export const bitCastOperators: readonly Operator[] = [
  {
    type: 'BitCast',
    domain: '',
    since: 26,
    infer(context) {
      const { dataType, shape } = context.type(0);
      return [{ dataType: target(context, dataType), shape }];
    },
    evaluate,
    lower,
    hostReason,
  },
];
