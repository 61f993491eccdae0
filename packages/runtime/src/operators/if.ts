import type { InferContext, InferResult, Operator } from './types.js';

/** What the file states of the outputs; shapes may differ between the branches and stay open. */
function infer(context: InferContext): readonly InferResult[] {
  const branch = context.attributes.get('then_branch');
  if (branch?.type !== 'graph') return context.fail('attribute then_branch is missing');
  return branch.value.outputs.map(({ name, type }) => {
    if (type?.kind === 'tensor') return { dataType: type.dataType };
    return context.fail(`output "${name}" of then_branch is ${type ? `a ${type.kind}` : 'of no stated type'}`);
  });
}

/** If: a pass puts a branch in its place when the condition is known. */
export const ifOperators: readonly Operator[] = [{ type: 'If', domain: '', since: 1, infer }];
