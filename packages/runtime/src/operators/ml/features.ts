import { evaluateElementwise } from '../elementwise.js';
import { toNumbers } from '../helpers.js';
import type { EvaluateContext, Operator } from '../types.js';
import { take } from '../views.js';

/** Columns of the last dimension, by index. */
function extract(context: EvaluateContext) {
  const x = context.input(0);
  const columns = toNumbers(context.input(1));
  const width = x.dims.at(-1) ?? context.fail('the input is a scalar; it must have a dimension of features');
  const wrong = columns.find((column) => column < 0 || column >= width);
  if (wrong !== undefined) context.fail(`index ${wrong} is outside the ${width} features`);
  const rows = width === 0 ? 0 : x.data.length / width;
  const indices = Array.from({ length: rows }, (_, row) => Array.from(columns, (column) => row * width + column));
  const lead = x.dims.length === 1 ? [1] : x.dims.slice(0, -1);
  return [take(x, [...lead, columns.length], Uint32Array.from(indices.flat()))];
}

/** ArrayFeatureExtractor and Binarizer. */
export const featureOperators: readonly Operator[] = [
  {
    type: 'ArrayFeatureExtractor',
    domain: 'ai.onnx.ml',
    since: 1,
    infer(context) {
      const { dataType, shape } = context.type(0);
      const count = context.type(1).shape?.at(-1) ?? context.unknown();
      return [{ dataType, shape: shape && [...(shape.length === 1 ? [1] : shape.slice(0, -1)), count] }];
    },
    evaluate: extract,
  },
  {
    type: 'Binarizer',
    domain: 'ai.onnx.ml',
    since: 1,
    infer: (context) => [context.type(0)],
    evaluate(context) {
      const x = context.input(0);
      const threshold = context.attributes.float('threshold', 0);
      return [evaluateElementwise(context, [x], x.dataType, ([value]) => (value > threshold ? 1 : 0))];
    },
  },
];
