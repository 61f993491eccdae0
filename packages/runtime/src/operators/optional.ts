import { statedType } from '../passes/import-model.js';
import type { Container } from '../graph.js';
import type { InferContext, InferResult, NodeContext, Operator } from './types.js';

/** What holds a value, as an optional. */
function optionalOf(container: Container | undefined): Container {
  return container === 'sequence' || container === 'optional-sequence' ? 'optional-sequence' : 'optional';
}

function attributeType(context: NodeContext): InferResult {
  const attribute = context.attributes.get('type');
  if (attribute?.type !== 'type') return context.fail('attribute type is missing, where there is no input');
  const type = statedType({ name: 'type', type: attribute.value });
  return type ?? context.fail(`attribute type is a ${attribute.value.kind}; it must be a tensor or a sequence of them`);
}

function inferElement(context: InferContext): readonly InferResult[] {
  const { dataType, shape, container } = context.type(0);
  if (container === 'optional-sequence' || container === 'sequence') return [{ dataType, container: 'sequence' }];
  return [{ dataType, shape: container === 'optional' ? undefined : shape }];
}

/** Operators on values that may be absent, which the host holds. */
export const optionalOperators: readonly Operator[] = [
  {
    type: 'Optional',
    domain: '',
    since: 15,
    infer(context) {
      const { dataType, container } = context.hasInput(0) ? context.type(0) : attributeType(context);
      return [{ dataType, container: optionalOf(container) }];
    },
    run: (context) => [context.value(0) ?? null],
  },
  {
    type: 'OptionalHasElement',
    domain: '',
    since: 15,
    infer: () => [{ dataType: 'bool', shape: [] }],
    run: (context) => {
      const isThere = context.hasInput(0) && (context.value(0) ?? null) !== null;
      return [{ dataType: 'bool', dims: [], data: Uint8Array.of(isThere ? 1 : 0) }];
    },
  },
  {
    type: 'OptionalGetElement',
    domain: '',
    since: 15,
    infer: inferElement,
    run: (context) => [context.value(0) ?? context.fail('the optional is empty; it holds no element to get')],
  },
];
