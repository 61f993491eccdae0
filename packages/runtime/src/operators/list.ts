import { isEarlyBroadcast } from './early-broadcast.js';
import { functionOperators } from './functions/index.js';
import { operators } from './index.js';

/** A definition of an operator, in force from a version of its domain's operator set until the next. */
export interface OperatorDefinition {
  /** '' for ONNX's default domain. */
  readonly domain: string;
  readonly type: string;
  readonly since: number;
  /** 'gpu': it has a kernel. 'cpu': the host evaluates it. 'function': written as other operators, which take its place. */
  readonly place: 'gpu' | 'cpu' | 'function';
}

/** Every operator that models may hold, one entry for each definition. */
export function listOperators(): readonly OperatorDefinition[] {
  const own = operators
    .filter(({ domain }) => domain !== 'tessera')
    .map(({ domain, type, since, lower }): OperatorDefinition => {
      const isRewritten = isEarlyBroadcast(domain, type, since);
      return { domain, type, since, place: lower || isRewritten ? 'gpu' : 'cpu' };
    });
  const functions = functionOperators.map(({ domain, type, since }): OperatorDefinition => ({
    domain,
    type,
    since,
    place: 'function',
  }));
  return [...own, ...functions];
}
