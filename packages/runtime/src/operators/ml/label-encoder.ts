import type { DataType } from '@tessera/onnx-loader';
import type { Tensor } from '../../tensor.js';
import { newArray } from '../numbers.js';
import type { EvaluateContext, NodeContext, Operator } from '../types.js';

type Element = string | number | bigint;

/** The lists a key or value attribute may be: of texts, int64s, float32s, or a tensor. */
interface List {
  readonly dataType: DataType;
  readonly elements: readonly Element[];
}

function readList(context: NodeContext, name: 'keys' | 'values'): List {
  const { attributes } = context;
  const tensor = attributes.tensor(`${name}_tensor`);
  if (tensor) return { dataType: tensor.dataType, elements: Array.from(tensor.data as ArrayLike<Element>) };
  if (attributes.has(`${name}_strings`)) return { dataType: 'string', elements: attributes.strings(`${name}_strings`) };
  if (attributes.has(`${name}_int64s`)) {
    return { dataType: 'int64', elements: attributes.ints(`${name}_int64s`).map(BigInt) };
  }
  if (attributes.has(`${name}_floats`)) return { dataType: 'float32', elements: attributes.floats(`${name}_floats`) };
  return context.fail(`attribute ${name}_tensor is missing, and no other ${name} are given`);
}

function readDefault(context: NodeContext, dataType: DataType): Element {
  const { attributes } = context;
  const tensor = attributes.tensor('default_tensor');
  if (tensor) return tensor.data[0];
  switch (dataType) {
    case 'string':
      return attributes.string('default_string', '_Unused');
    case 'int64':
      return BigInt(attributes.int('default_int64', -1));
    default:
      return attributes.float('default_float', -0);
  }
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const [keys, values] = [readList(context, 'keys'), readList(context, 'values')];
  if (keys.dataType !== x.dataType) context.fail(`the keys are ${keys.dataType}; the input is ${x.dataType}`);
  if (keys.elements.length !== values.elements.length) {
    context.fail(`there are ${keys.elements.length} keys and ${values.elements.length} values; they must be as many`);
  }
  const codes = new Map(keys.elements.map((key, i) => [key, values.elements[i]]));
  const fallback = readDefault(context, values.dataType);
  const data = newArray(values.dataType, x.data.length) as Element[];
  for (let i = 0; i < x.data.length; i++) data[i] = codes.get(x.data[i]) ?? fallback;
  return [{ dataType: values.dataType, dims: x.dims, data: data as Tensor['data'] }];
}

/** LabelEncoder: each element's value in a table. */
export const labelEncoderOperators: readonly Operator[] = [
  {
    type: 'LabelEncoder',
    domain: 'ai.onnx.ml',
    since: 2,
    infer: (context) => [{ dataType: readList(context, 'values').dataType, shape: context.type(0).shape }],
    evaluate,
  },
];
