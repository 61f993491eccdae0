import type { InferContext, InferResult, Operator, RunContext } from './types.js';
import { booleanOf } from './control.js';

/** What the file states of the outputs; shapes may differ between the branches and stay open. */
function infer(context: InferContext): readonly (InferResult | undefined)[] {
  return context.outputTypes('then_branch').map((type) => type && { ...type, shape: undefined });
}

async function run(context: RunContext) {
  const condition = booleanOf(context, context.tensor(0), 'the condition');
  return context.runSubgraph(condition ? 'then_branch' : 'else_branch', []);
}

/** If: a pass puts a branch in its place when the condition is known, and otherwise the host takes a branch. */
export const ifOperators: readonly Operator[] = [{ type: 'If', domain: '', since: 1, infer, run, valueInputs: [0] }];
