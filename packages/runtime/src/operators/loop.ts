import { betweenTurns, booleanOf, fetchTensor, stackTurns } from './control.js';
import { toNumbers } from './helpers.js';
import type { InferContext, InferResult, Operator, RunContext, RunValue } from './types.js';

/** The body gives a condition, the carried values, and what is stacked turn by turn. */
function infer(context: InferContext): readonly (InferResult | undefined)[] {
  const types = context.outputTypes('body').slice(1);
  return types.map((type) => type && { ...type, shape: undefined });
}

async function run(context: RunContext): Promise<readonly RunValue[]> {
  const { inputCount, outputCount } = context.subgraph('body');
  const carriedCount = inputCount - 2;
  const limit = context.optional(0);
  const end = limit ? toNumbers(limit)[0] : Infinity;
  let carried: readonly RunValue[] = Array.from({ length: carriedCount }, (_, i) => required(context, i + 2));
  let condition: RunValue = context.optional(1) ?? { dataType: 'bool', dims: [], data: Uint8Array.of(1) };
  const stacked: RunValue[][] = Array.from({ length: outputCount - 1 - carriedCount }, () => []);
  for (let turn = 0; turn < end; turn++) {
    if (!booleanOf(context, await fetchTensor(context, condition, 'the condition'), 'the condition')) break;
    if (turn >= context.maxIterations) return endless(context);
    await betweenTurns(context, turn);
    const iteration: RunValue = { dataType: 'int64', dims: [], data: BigInt64Array.of(BigInt(turn)) };
    const results = await context.runSubgraph('body', [iteration, condition, ...carried]);
    const next = results.slice(1, 1 + carriedCount);
    for (const old of [condition, ...carried]) if (!results.includes(old)) context.release(old);
    [condition, carried] = [results[0], next];
    stacked.forEach((parts, i) => parts.push(results[1 + carriedCount + i]));
  }
  const types = context.outputTypes('body').slice(1 + carriedCount);
  const results: RunValue[] = [...carried];
  for (const [i, parts] of stacked.entries()) results.push(await stackTurns(context, parts, types[i]));
  return results;
}

function required(context: RunContext, index: number): RunValue {
  const value = context.value(index);
  return value === undefined ? context.fail(`input ${index} is missing, which the body takes`) : value;
}

function endless(context: RunContext): never {
  return context.fail(
    `the loop has not ended after ${context.maxIterations} iterations; if it is to run longer, raise maxIterations`,
  );
}

/** Loop: the host turns, the body runs as a program, and what it carries stays on the device. */
export const loopOperators: readonly Operator[] = [
  { type: 'Loop', domain: '', since: 1, infer, run, valueInputs: [0, 1] },
];
