import { emitElementwise } from './elementwise.js';
import { fromNumbers, isInteger, productOfDims, toNumbers } from './helpers.js';
import type { InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

function requireInference(context: NodeContext, trainingMode: boolean): void {
  if (trainingMode) context.fail('training_mode is on; only inference is supported');
}

function inferDropout(context: InferContext): readonly InferResult[] {
  const x = context.type(0);
  const mode = context.hasInput(2) ? context.constant(2) : undefined;
  requireInference(context, mode !== undefined && toNumbers(mode)[0] !== 0);
  return [x, { dataType: context.opset < 10 ? x.dataType : 'bool', shape: x.shape }];
}

/** The input itself, and where it is asked for a mask of ones. */
function lowerDropout(context: LowerContext): void {
  const x = context.input(0);
  if (context.hasInput(2) && !context.isConstant(2)) context.fail('training_mode depends on data; it must be constant');
  context.output(0, x);
  if (!context.hasOutput(1)) return;
  context.output(
    1,
    emitElementwise(context, { label: 'dropout-mask', wgsl: 'return R(1);' }, [x], context.outputType(1)),
  );
}

/** Operators that pass their input on. */
export const identityOperators: readonly Operator[] = [
  {
    type: 'Identity',
    domain: '',
    since: 1,
    infer(context) {
      const type = context.type(0);
      return [isInteger(type.dataType) ? { ...type, dims: context.dims(0) } : type];
    },
    evaluate: (context) => [context.input(0)],
    run: (context) => [context.value(0) ?? context.fail('input 0 is missing')],
    lower: (context) => context.output(0, context.input(0)),
  },
  {
    type: 'Dropout',
    domain: '',
    since: 7,
    valueInputs: [2],
    infer: inferDropout,
    evaluate(context) {
      const x = context.input(0);
      const ones = new Uint8Array(productOfDims(x.dims) as number).fill(1);
      return [x, fromNumbers(context.opset < 10 ? x.dataType : 'bool', x.dims, ones)];
    },
    lower: lowerDropout,
  },
];
