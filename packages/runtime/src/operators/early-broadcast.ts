import { binaryOperators } from './binary.js';
import { preluOperators } from './prelu.js';
import type { NodeContext, Operator } from './types.js';

/** Operator sets below this one state by attributes how the second input is broadcast. */
export const firstNumpyOpset = 7;

/**
 * Dimensions of size 1 to put behind those of the second input, so that numpy's rules broadcast it as operator sets
 * before 7 do: from `axis` on, where given, else to the last dimensions. A slope of PRelu has one value for each channel.
 */
export function trailingDimensions(context: NodeContext, rank: number, second: readonly unknown[]): number {
  const { attributes, opType } = context;
  if (opType === 'PRelu') return second.length === 1 && second[0] !== 1 && rank > 1 ? rank - 2 : 0;
  if (attributes.int('broadcast', 0) === 0 || !attributes.has('axis')) return 0;
  const stated = attributes.int('axis');
  const axis = stated < 0 ? stated + rank : stated;
  const missing = rank - axis - second.length;
  if (axis < 0 || missing < 0) {
    context.fail(`axis ${stated} leaves no room for ${second.length} dimensions in a tensor of rank ${rank}`);
  }
  return missing;
}

function extended<Size>(context: NodeContext, rank: number, second: readonly Size[]): readonly (Size | 1)[] {
  return [...second, ...new Array<1>(trailingDimensions(context, rank, second)).fill(1)];
}

/** A pass makes the operator of set 7 of it before anything is lowered. */
function early(operator: Operator): Operator {
  return {
    type: operator.type,
    domain: operator.domain,
    since: 1,
    infer(context) {
      const [a, b] = [context.type(0), context.type(1)];
      if (!a.shape || !b.shape) return operator.infer(context);
      const second = { ...b, shape: extended(context, a.shape.length, b.shape) };
      return operator.infer({ ...context, type: (index) => (index === 1 ? second : context.type(index)) });
    },
    evaluate(context) {
      const [a, b] = [context.input(0), context.input(1)];
      const second = { ...b, dims: extended(context, a.dims.length, b.dims) };
      return operator.evaluate!({ ...context, input: (index) => (index === 1 ? second : context.input(index)) });
    },
  };
}

/** The operators of two inputs as operator sets before 7 define them. */
export const earlyBroadcastOperators: readonly Operator[] = [...binaryOperators, ...preluOperators]
  .filter((operator) => operator.since === firstNumpyOpset)
  .map(early);

const names = new Set(earlyBroadcastOperators.map((operator) => operator.type));

/** True for a node whose attributes state the broadcasting. */
export function isEarlyBroadcast(domain: string, opType: string, opset: number): boolean {
  return domain === '' && opset < firstNumpyOpset && names.has(opType);
}
