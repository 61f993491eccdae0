import { isSequence, type Tensor, type Value } from '../tensor.js';
import { betweenTurns, fetchTensor } from './control.js';
import type { InferContext, InferResult, Operator, RunContext } from './types.js';

function infer(context: InferContext): readonly (InferResult | undefined)[] {
  return context.outputTypes('body').map((type) => type && { dataType: type.dataType, container: 'sequence' });
}

async function run(context: RunContext): Promise<readonly Value[]> {
  const { inputCount, outputCount } = context.subgraph('body');
  const inputs: Value[] = [];
  for (let i = 0; i < inputCount; i++) {
    inputs.push(await context.fetch(context.value(i) ?? context.fail(`input ${i} is missing, which the body takes`)));
  }
  const sequence = context.sequence(0);
  const odd = inputs.find((value) => isSequenceOf(value) && value.length !== sequence.length);
  if (odd) context.fail('the sequences differ in length; they must agree');
  const outputs: Tensor[][] = Array.from({ length: outputCount }, () => []);
  for (let turn = 0; turn < sequence.length; turn++) {
    await betweenTurns(context, turn);
    const turnInputs = inputs.map((value) => (isSequenceOf(value) ? value[turn] : value));
    const results = await context.runSubgraph('body', turnInputs);
    for (const [i, result] of results.entries()) {
      outputs[i].push(await fetchTensor(context, result, 'what the body gives'));
      context.release(result);
    }
  }
  return outputs;
}

function isSequenceOf(value: Value): value is readonly Tensor[] {
  return value !== null && isSequence(value);
}

/** SequenceMap: runs its body for each element of sequences. */
export const sequenceMapOperators: readonly Operator[] = [{ type: 'SequenceMap', domain: '', since: 17, infer, run }];
