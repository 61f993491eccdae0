import type { Constant, TypedNode, ValueType } from '../graph.js';
import type { ExpandContext, FunctionOperator, InferContext } from '../operators/types.js';
import { hostTensor } from './constants.js';

/** The version of the default domain in which functions are written. */
const writtenOpset = 24;

/** What the expansion of a function needs of the propagation it is part of. */
export interface ExpansionHost {
  readonly constants: Map<string, Constant>;
  readonly types: Map<string, ValueType>;
  /** Infers and folds a node; what is left of it. */
  visit(node: TypedNode): readonly TypedNode[];
}

/** The nodes that take the place of a function's node, those folded left out. */
export function expandFunction(
  node: TypedNode,
  operator: FunctionOperator,
  context: InferContext,
  host: ExpansionHost,
): readonly TypedNode[] {
  const nodes: TypedNode[] = [];
  let made = 0;
  const name = (what: string) => `${node.name}/${what}${made++}`;
  const visit = (inner: Pick<TypedNode, 'opType' | 'domain' | 'inputs' | 'outputs' | 'attributes'>) => {
    const opset = inner.domain === '' ? writtenOpset : 1;
    nodes.push(...host.visit({ ...inner, name: name(inner.opType), opset, origins: node.origins }));
  };
  const expand: ExpandContext = {
    ...context,
    inputName: (index) => node.inputs[index] ?? '',
    typeOf: (value) => host.types.get(value) ?? context.fail(`the type of value "${value}" is not known`),
    valueOf: (value) => {
      const constant = host.constants.get(value);
      return constant && hostTensor(constant);
    },
    constantNamed: (tensor) => {
      const constant = name('constant');
      host.constants.set(constant, { kind: 'host', tensor });
      host.types.set(constant, { dataType: tensor.dataType, shape: tensor.dims });
      return constant;
    },
    add: (opType, inputs, attributes = {}, { outputs = 1, domain = '' } = {}) => {
      const first = name(`${opType}/output`);
      const rest = Array.from({ length: outputs - 1 }, () => name(`${opType}/output`));
      visit({ opType, domain, inputs, outputs: [first, ...rest], attributes: new Map(Object.entries(attributes)) });
      return [first, ...rest];
    },
    result: (index, value) => {
      const output = node.outputs[index] ?? '';
      if (output === '') return;
      visit({ opType: 'Identity', domain: '', inputs: [value], outputs: [output], attributes: new Map() });
    },
  };
  operator.expand(expand);
  return nodes;
}
