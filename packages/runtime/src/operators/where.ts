import { emitElementwise, evaluateElementwise, inferBroadcast } from './elementwise.js';
import { isInteger, toNumbers } from './helpers.js';
import type { Dim } from '../graph.js';
import type { InferContext, Operator } from './types.js';

/** The chosen sizes, where the condition is constant: exporters write shapes with -1 filled in this way. */
function chosenDims(context: InferContext): readonly Dim[] | undefined {
  const condition = context.constant(0);
  const [x, y] = [context.dims(1), context.dims(2)];
  if (!condition || !x || !y) return undefined;
  const choices = toNumbers(condition);
  const length = Math.max(choices.length, x.length, y.length);
  const at = <T>(values: ArrayLike<T>, i: number) => values[values.length === 1 ? 0 : i];
  return Array.from({ length }, (_, i) => (at(choices, i) !== 0 ? at(x, i) : at(y, i)));
}

/** Where: x where the condition holds, else y. */
export const whereOperators: readonly Operator[] = [
  {
    type: 'Where',
    domain: '',
    since: 9,
    infer(context) {
      const { dataType } = context.type(1);
      const shape = inferBroadcast(context, 3);
      const isVector = shape !== undefined && shape.length <= 1 && isInteger(dataType);
      return [{ dataType, shape, dims: isVector ? chosenDims(context) : undefined }];
    },
    evaluate(context) {
      const inputs = [context.input(0), context.input(1), context.input(2)];
      return [evaluateElementwise(context, inputs, inputs[1].dataType, ([c, x, y]) => (c !== 0 ? x : y))];
    },
    lower(context) {
      const inputs = [context.input(0), context.input(1), context.input(2)];
      const formula = { label: 'where', wgsl: 'return select(c, b, a != A(0));' };
      context.output(0, emitElementwise(context, formula, inputs, context.outputType(0)));
    },
  },
];
