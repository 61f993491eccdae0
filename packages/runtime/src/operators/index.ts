import { argOperators } from './arg.js';
import { batchNormalizationOperators } from './batch-normalization.js';
import { convOperators } from './conv.js';
import { gemmOperators } from './gemm.js';
import { globalPoolOperators } from './global-pool.js';
import { matMulOperators } from './matmul.js';
import { poolOperators } from './pool.js';
import { reduceOperators } from './reduce.js';
import { softmaxOperators } from './softmax.js';
import type { Operator } from './types.js';

/** Every operator there is, family by family. */
export const operators: readonly Operator[] = [
  ...argOperators,
  ...batchNormalizationOperators,
  ...convOperators,
  ...gemmOperators,
  ...globalPoolOperators,
  ...matMulOperators,
  ...poolOperators,
  ...reduceOperators,
  ...softmaxOperators,
];

const byName = new Map<string, Operator[]>();
for (const operator of operators) {
  const key = `${operator.domain}.${operator.type}`;
  byName.set(
    key,
    [...(byName.get(key) ?? []), operator].sort((a, b) => b.since - a.since),
  );
}

/** The definition in force at a version of its domain: the newest that is not newer than `opset`. */
export function findOperator(domain: string, opType: string, opset: number): Operator | undefined {
  return byName.get(`${domain}.${opType}`)?.find((operator) => operator.since <= opset);
}
