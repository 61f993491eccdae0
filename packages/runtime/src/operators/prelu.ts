import { emitElementwise, evaluateElementwise } from './elementwise.js';
import { areNumbers, broadcastDims, showDims } from './helpers.js';
import type { Operator } from './types.js';

/** PRelu: slope is broadcast to x, never the other way. */
export const preluOperators: readonly Operator[] = [
  {
    type: 'PRelu',
    domain: '',
    since: 7,
    infer(context) {
      const [x, slope] = [context.type(0), context.type(1)];
      if (areNumbers(x.shape) && areNumbers(slope.shape)) {
        const joined = broadcastDims(x.shape, slope.shape, () => 1);
        if (!joined || joined.some((d, i) => d !== x.shape![i]) || joined.length !== x.shape.length) {
          context.fail(`slope ${showDims(slope.shape)} does not broadcast to the input ${showDims(x.shape)}`);
        }
      }
      return [x];
    },
    evaluate(context) {
      const [x, slope] = [context.input(0), context.input(1)];
      return [evaluateElementwise(context, [x, slope], x.dataType, ([a, b]) => (a < 0 ? a * b : a))];
    },
    lower(context) {
      const formula = { label: 'prelu', wgsl: 'return select(a, a * b, a < A(0));' };
      const inputs = [context.input(0), context.input(1)];
      context.output(0, emitElementwise(context, formula, inputs, context.outputType(0)));
    },
  },
];
