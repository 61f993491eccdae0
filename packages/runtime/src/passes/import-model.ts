import type {
  Attribute,
  FunctionDefinition,
  Graph,
  Model,
  Node,
  Tensor as StoredTensor,
  ValueInfo,
} from '@tessera/onnx-loader';
import { TesseraError } from '../errors.js';
import type { Constant, Subgraph, Subgraphs, TypedGraph, TypedNode, ValueType } from '../graph.js';
import type { Tensor } from '../tensor.js';

/** Functions may call functions; deeper nesting than this is taken for recursion. */
const maxFunctionDepth = 32;

/** Where a node stands: the version of each domain, names of values in the outer graph, attributes of the call. */
interface Scope {
  readonly prefix: string;
  readonly opsets: ReadonlyMap<string, number>;
  readonly rename: ReadonlyMap<string, string>;
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly depth: number;
}

/** Model -> TypedGraph: model-local functions inlined, initializers and Constant nodes apart, input types as declared. */
export function importModel(model: Model): TypedGraph {
  const importer = new Importer(new Map(model.functions.map((f) => [functionKey(f.domain, f.name, f.overload), f])));
  const { graph } = model;
  for (const [name, tensor] of graph.initializers) importer.constants.set(name, { kind: 'stored', tensor });
  const scope: Scope = { prefix: '', opsets: model.opsetImports, rename: new Map(), attributes: new Map(), depth: 0 };
  for (const node of graph.nodes) importer.add(node, scope);
  return {
    nodes: importer.nodes,
    inputs: graph.inputs.map((input) => input.name),
    outputs: graph.outputs.map((output) => output.name),
    constants: importer.constants,
    types: new Map(graph.inputs.map((input) => [input.name, inputType(model, input.name)])),
  };
}

function inputType(model: Model, name: string): ValueType {
  const info = model.graph.inputs.find((input) => input.name === name);
  const type = info && statedType(info);
  if (type) return type;
  throw new TesseraError(
    'UNSUPPORTED_OPERATOR',
    `input "${name}" is ${info?.type ? `a ${info.type.kind}` : 'of no stated type'}; only tensors, sequences and optionals of them are supported`,
  );
}

/** The type a file states of a value; undefined where it states none, or one that holds no plain tensors. */
export function statedType({ name, type }: ValueInfo): ValueType | undefined {
  const isOptional = type?.kind === 'optional';
  const held = isOptional ? type.element : type;
  const isSequence = held?.kind === 'sequence';
  const tensor = isSequence ? held.element : held;
  if (tensor?.kind !== 'tensor') return undefined;
  const shape = tensor.dims?.map((dim, axis) => dim ?? `${name}_dim${axis}`);
  if (isOptional) return { dataType: tensor.dataType, container: isSequence ? 'optional-sequence' : 'optional' };
  return isSequence ? { dataType: tensor.dataType, container: 'sequence' } : { dataType: tensor.dataType, shape };
}

/** Attributes that hold graphs, of the operators that run them. */
const graphAttributes: Readonly<Record<string, readonly string[]>> = {
  If: ['then_branch', 'else_branch'],
  Loop: ['body'],
  Scan: ['body'],
  SequenceMap: ['body'],
};

class Importer {
  readonly nodes: TypedNode[] = [];
  readonly constants = new Map<string, Constant>();
  readonly #functions: ReadonlyMap<string, FunctionDefinition>;

  constructor(functions: ReadonlyMap<string, FunctionDefinition>) {
    this.#functions = functions;
  }

  add(node: Node, scope: Scope): void {
    const definition = this.#functions.get(functionKey(node.domain, node.opType, node.overload));
    if (definition) return this.#inline(node, definition, scope);
    const attributes = resolveReferences(node.attributes, scope.attributes);
    const outputs = node.outputs.map((name) => renamed(name, scope));
    if (node.opType === 'Constant' && node.domain === '') {
      this.constants.set(outputs[0], constantNode(node.name, attributes));
      return;
    }
    const name = scope.prefix + node.name;
    const inputs = node.inputs.map((input) => renamed(input, scope));
    const opset = scope.opsets.get(node.domain) ?? 1;
    const subgraphs = this.#subgraphs(name, node, attributes, scope);
    this.nodes.push({
      name,
      opType: node.opType,
      domain: node.domain,
      opset,
      inputs: subgraphs ? [...inputs, ...subgraphs.captured] : inputs,
      outputs,
      attributes,
      origins: [name],
      subgraphs,
    });
  }

  #subgraphs(
    name: string,
    node: Node,
    attributes: ReadonlyMap<string, Attribute>,
    scope: Scope,
  ): Subgraphs | undefined {
    const keys = node.domain === '' ? graphAttributes[node.opType] : undefined;
    if (!keys) return undefined;
    const graphs = keys.map((key): [string, Subgraph] => {
      const attribute = attributes.get(key);
      if (attribute?.type === 'graph') return [key, this.#subgraph(attribute.value, `${name}/${key}/`, scope)];
      const fault = attribute ? `is of type ${attribute.type}; it must be graph` : 'is missing';
      throw new TesseraError('INVALID_MODEL', `node "${name}" (${node.opType}): attribute ${key} ${fault}`, {
        node: name,
      });
    });
    const captured = [...new Set(graphs.flatMap(([, graph]) => capturedNames(graph)))];
    return { formalInputs: node.inputs.length, captured, graphs: new Map(graphs) };
  }

  #subgraph(graph: Graph, prefix: string, scope: Scope): Subgraph {
    const inner = new Importer(this.#functions);
    const rename = new Map(scope.rename);
    const inputs = graph.inputs.map((input) => input.name);
    for (const name of [...inputs, ...graph.initializers.keys(), ...graph.nodes.flatMap((node) => node.outputs)]) {
      if (name !== '') rename.set(name, prefix + name);
    }
    for (const [name, tensor] of graph.initializers) inner.constants.set(prefix + name, { kind: 'stored', tensor });
    const innerScope = { ...scope, prefix, rename };
    for (const node of graph.nodes) inner.add(node, innerScope);
    return {
      nodes: inner.nodes,
      constants: inner.constants,
      inputs: inputs.map((name) => prefix + name),
      outputs: graph.outputs.map((output) => renamed(output.name, innerScope)),
      outputTypes: graph.outputs.map(statedType),
    };
  }

  #inline(call: Node, definition: FunctionDefinition, scope: Scope): void {
    if (scope.depth >= maxFunctionDepth) {
      throw new TesseraError(
        'INVALID_MODEL',
        `function ${definition.domain}.${definition.name} is nested more than ${maxFunctionDepth} deep`,
      );
    }
    const prefix = `${scope.prefix}${call.name}/`;
    const rename = new Map<string, string>();
    definition.inputs.forEach((name, i) => rename.set(name, renamed(call.inputs[i] ?? '', scope)));
    definition.outputs.forEach((name, i) => rename.set(name, renamed(call.outputs[i] ?? '', scope) || prefix + name));
    for (const node of definition.nodes) {
      for (const output of node.outputs) if (output && !rename.has(output)) rename.set(output, prefix + output);
    }
    const given = resolveReferences(call.attributes, scope.attributes);
    const attributes = new Map([...definition.attributeDefaults, ...given]);
    const inner: Scope = { prefix, rename, attributes, opsets: definition.opsetImports, depth: scope.depth + 1 };
    for (const node of definition.nodes) this.add(node, inner);
  }
}

/** Names a subgraph uses and does not define. */
function capturedNames({ nodes, constants, inputs, outputs }: Subgraph): string[] {
  const defined = new Set(['', ...inputs, ...constants.keys(), ...nodes.flatMap((node) => node.outputs)]);
  return [...nodes.flatMap((node) => node.inputs), ...outputs].filter((name) => !defined.has(name));
}

function functionKey(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload]);
}

function renamed(name: string, scope: Scope): string {
  return scope.rename.get(name) ?? name;
}

function resolveReferences(
  attributes: ReadonlyMap<string, Attribute>,
  given: ReadonlyMap<string, Attribute>,
): ReadonlyMap<string, Attribute> {
  const resolved = new Map<string, Attribute>();
  for (const [name, attribute] of attributes) {
    const value = attribute.type === 'reference' ? given.get(attribute.attribute) : attribute;
    if (value) resolved.set(name, value);
  }
  return resolved;
}

/** What a Constant node holds. */
export function constantNode(name: string, attributes: ReadonlyMap<string, Attribute>): Constant {
  const [entry] = [...attributes].filter(([key]) => key.startsWith('value') || key === 'sparse_value');
  const host = (tensor: Tensor): Constant => ({ kind: 'host', tensor });
  const attribute = entry?.[1];
  switch (attribute?.type) {
    case 'tensor':
      return { kind: 'stored', tensor: attribute.value satisfies StoredTensor };
    case 'float':
      return host({ dataType: 'float32', dims: [], data: Float32Array.of(attribute.value) });
    case 'floats':
      return host({ dataType: 'float32', dims: [attribute.value.length], data: Float32Array.from(attribute.value) });
    case 'int':
      return host({ dataType: 'int64', dims: [], data: BigInt64Array.of(BigInt(attribute.value)) });
    case 'ints':
      return host({
        dataType: 'int64',
        dims: [attribute.value.length],
        data: BigInt64Array.from(attribute.value, BigInt),
      });
    case 'string':
      return host({ dataType: 'string', dims: [], data: [attribute.value] });
    case 'strings':
      return host({ dataType: 'string', dims: [attribute.value.length], data: attribute.value });
    default:
      throw new TesseraError('INVALID_MODEL', `node "${name}" (Constant) has no value that is supported`, {
        node: name,
      });
  }
}
