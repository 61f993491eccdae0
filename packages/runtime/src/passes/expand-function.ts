import type { Graph } from '@tessera/onnx-loader';
import type { Constant, TypedNode, ValueType } from '../graph.js';
import type { ExpandContext, FunctionOperator, InferContext } from '../operators/types.js';
import { hostTensor } from './constants.js';
import { constantNode } from './import-model.js';

/** The version of the default domain in which functions are written. */
const writtenOpset = 24;

/** What the expansion of a function needs of the propagation it is part of. */
export interface ExpansionHost {
  readonly constants: Map<string, Constant>;
  readonly types: Map<string, ValueType>;
  /** Infers and folds a node; what is left of it. */
  visit(node: TypedNode): readonly TypedNode[];
}

type InnerNode = Pick<TypedNode, 'opType' | 'domain' | 'inputs' | 'outputs' | 'attributes'>;

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
  const visit = (inner: InnerNode) => {
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
    inline: (graph, inputs) => inlineGraph(graph, inputs, { host, name, visit }),
    result: (index, value) => {
      const output = node.outputs[index] ?? '';
      if (output === '') return;
      visit({ opType: 'Identity', domain: '', inputs: [value], outputs: [output], attributes: new Map() });
    },
  };
  operator.expand(expand);
  return nodes;
}

interface Inlining {
  readonly host: ExpansionHost;
  /** A name that nothing has yet. */
  name(what: string): string;
  visit(node: InnerNode): void;
}

/** Visits the nodes of a graph, under new names for what it makes; the names of its outputs. */
function inlineGraph(graph: Graph, inputs: readonly string[], { host, name, visit }: Inlining): readonly string[] {
  const renamed = new Map(graph.inputs.map((input, i) => [input.name, inputs[i] ?? '']));
  const resolve = (value: string) => renamed.get(value) ?? value;
  const keep = (value: string, constant: Constant) => {
    const { dataType, dims } = constant.tensor;
    renamed.set(value, name(value));
    host.constants.set(resolve(value), constant);
    host.types.set(resolve(value), { dataType, shape: dims });
  };
  for (const [value, tensor] of graph.initializers) keep(value, { kind: 'stored', tensor });
  for (const node of graph.nodes) {
    if (node.opType === 'Constant' && node.domain === '') {
      keep(node.outputs[0], constantNode(node.name, node.attributes));
      continue;
    }
    for (const output of node.outputs) if (output !== '') renamed.set(output, name(output));
    visit({ ...node, inputs: node.inputs.map(resolve), outputs: node.outputs.map(resolve) });
  }
  return graph.outputs.map((output) => resolve(output.name));
}
