import type { DataType } from '@tessera/onnx-loader';
import { emitElementwise, evaluateElementwise, floatParams } from './elementwise.js';
import { toNumbers } from './helpers.js';
import type { EvaluateContext, LowerContext, Operand, Operator } from './types.js';

const largest = 3.4028234663852886e38;

/** WGSL that clips `a` at WGSL expressions, NaN staying NaN. A minimum above the maximum yields the maximum. */
function clipBody(low: string | undefined, high: string | undefined): string {
  const lines = ['var value = a;'];
  if (low) lines.push(`let low = ${low};`, 'value = select(value, low, value < low);');
  if (high) lines.push(`let high = ${high};`, 'value = select(value, high, value > high);');
  return [...lines, 'return value;'].join('\n  ');
}

/** Bounds known when the program is made go in as params, others are read by the kernel. */
function lowerClip(context: LowerContext, x: Operand): void {
  const constants: Record<string, number> = {};
  const operands: Operand[] = [x];
  const texts = ['low_bound', 'high_bound'].map((name, i) => {
    if (!context.hasInput(i + 1)) return undefined;
    const constant = x.elementType === 'f32' || x.elementType === 'f16' ? context.constant(i + 1) : undefined;
    if (constant) {
      constants[name] = toNumbers(constant)[0];
      return `params.${name}`;
    }
    operands.push(context.input(i + 1));
    return operands.length === 2 ? 'b' : 'c';
  });
  const formula = { label: 'clip', wgsl: clipBody(texts[0], texts[1]), params: floatParams(constants) };
  context.output(0, emitElementwise(context, formula, operands, context.outputType(0)));
}

function evaluateClip(context: EvaluateContext, low: number, high: number, dataType: DataType) {
  const clip = ([a]: readonly number[]) => (Number.isNaN(a) ? a : Math.min(high, Math.max(low, a)));
  return [evaluateElementwise(context, [context.input(0)], dataType, clip)];
}

/** Clip: bounds are attributes before opset 11, optional inputs since. */
export const clipOperators: readonly Operator[] = [
  {
    type: 'Clip',
    domain: '',
    since: 6,
    infer: (context) => [context.type(0)],
    evaluate(context) {
      const { attributes } = context;
      const { dataType } = context.input(0);
      return evaluateClip(context, attributes.float('min', -largest), attributes.float('max', largest), dataType);
    },
    lower(context) {
      const low_bound = context.attributes.float('min', -largest);
      const high_bound = context.attributes.float('max', largest);
      const params = floatParams({ low_bound, high_bound });
      const formula = { label: 'clip', wgsl: clipBody('params.low_bound', 'params.high_bound'), params };
      context.output(0, emitElementwise(context, formula, [context.input(0)], context.outputType(0)));
    },
  },
  {
    type: 'Clip',
    domain: '',
    since: 11,
    infer: (context) => [context.type(0)],
    evaluate(context) {
      const bound = (index: number, fallback: number) => {
        const tensor = context.optional(index);
        return tensor ? toNumbers(tensor)[0] : fallback;
      };
      return evaluateClip(context, bound(1, -Infinity), bound(2, Infinity), context.input(0).dataType);
    },
    lower: (context) => lowerClip(context, context.input(0)),
  },
];
