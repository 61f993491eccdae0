import { TesseraError } from '../errors.js';
import type { Constant, Dim, TypedGraph, TypedNode, ValueType } from '../graph.js';
import { findFunction, findOperator } from '../operators/index.js';
import type { EvaluateContext, FunctionOperator, InferContext, InferResult, Operator } from '../operators/types.js';
import type { Tensor } from '../tensor.js';
import { elementCount, hostTensor } from './constants.js';
import { expandFunction } from './expand-function.js';
import { nodeContext } from './node-context.js';

/** Integer tensors up to this many elements are followed symbolically. */
const maxTrackedDims = 256;

/** Results larger than this stay computed at run time. */
const maxFoldedElements = 1 << 27;

export interface PropagationOptions {
  /** Leaves constant integers as they are that DequantizeLinear makes numbers of, for a pass to recognize. */
  readonly keepsQuantized?: boolean;
}

/**
 * Infers the type of every value, from the inputs' on, with `sizes` in place of symbols; follows shape arithmetic
 * symbolically, puts the nodes of a function in its place, and evaluates every node whose inputs are constant. What is
 * folded leaves the graph.
 */
export function propagate(
  graph: TypedGraph,
  sizes: ReadonlyMap<string, number> = new Map(),
  options: PropagationOptions = {},
): TypedGraph {
  const propagation = new Propagation(graph, sizes, options);
  const nodes = graph.nodes.flatMap((node) => propagation.visit(node));
  return { ...graph, nodes, constants: propagation.constants, types: propagation.types };
}

/**
 * As `propagate`, for any graph and without throwing: of what a node makes that cannot be inferred, the types `stated`
 * count, if any. `problems` says of each such node what is wrong with it.
 */
export function propagateLeniently(
  graph: TypedGraph,
  sizes: ReadonlyMap<string, number>,
  stated: ReadonlyMap<string, ValueType>,
): { readonly types: ReadonlyMap<string, ValueType>; readonly problems: ReadonlyMap<TypedNode, string> } {
  const propagation = new Propagation(graph, sizes);
  const problems = new Map<TypedNode, string>();
  for (const node of graph.nodes) {
    const name = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
    const isFunction = findFunction(node.domain, node.opType, node.opset) !== undefined;
    if (!isFunction && !findOperator(node.domain, node.opType, node.opset)) {
      problems.set(node, `the operator ${name} (opset ${node.opset}) is not supported`);
    } else if (node.inputs.every((input) => input === '' || propagation.types.has(input))) {
      try {
        propagation.visit(node);
      } catch (error) {
        if (!(error instanceof TesseraError)) throw error;
        problems.set(node, error.message);
      }
    }
    for (const output of node.outputs) {
      const type = stated.get(output);
      if (type && !propagation.types.has(output)) propagation.types.set(output, type);
    }
  }
  return { types: propagation.types, problems };
}

class Propagation {
  readonly constants: Map<string, Constant>;
  readonly types = new Map<string, ValueType>();
  readonly #dims = new Map<string, readonly Dim[]>();
  #fresh = 0;

  constructor(
    graph: TypedGraph,
    sizes: ReadonlyMap<string, number>,
    readonly options: PropagationOptions = {},
  ) {
    this.constants = new Map(graph.constants);
    for (const [name, { tensor }] of graph.constants)
      this.types.set(name, { dataType: tensor.dataType, shape: tensor.dims });
    for (const name of graph.inputs) {
      const type = graph.types.get(name)!;
      this.types.set(name, {
        ...type,
        shape: type.shape?.map((dim) => (typeof dim === 'string' ? (sizes.get(dim) ?? dim) : dim)),
      });
    }
  }

  /** Infers a node's outputs. What is left of it: the node, nothing where all outputs became constants, a function's nodes. */
  visit(node: TypedNode): readonly TypedNode[] {
    if (node.inputs.some((name) => name !== '' && !this.types.has(name))) return [node];
    const operator = findOperator(node.domain, node.opType, node.opset);
    const definition = operator ? undefined : findFunction(node.domain, node.opType, node.opset);
    if (definition) return this.#expand(node, definition);
    if (!operator) return [node];
    const context = this.#inferContext(node);
    const results = operator.infer(context);
    node.outputs.forEach((name, i) => {
      const result = results[i];
      if (name === '' || !result) return;
      requireSizes(context, name, result.shape);
      this.#record(name, result);
    });
    return this.#fold(node, operator) ? [] : [node];
  }

  /** A function's nodes; the node itself where they hang on values, or ranks, that only the run tells. */
  #expand(node: TypedNode, definition: FunctionOperator): readonly TypedNode[] {
    const needed = (definition.valueInputs ?? []).map((index) => node.inputs[index] ?? '');
    const isOpen = needed.some((name) => name !== '' && !this.constants.has(name));
    if (isOpen || node.inputs.some((name) => name !== '' && !this.types.get(name)!.shape)) return [node];
    return expandFunction(node, definition, this.#inferContext(node), this);
  }

  #record(name: string, result: InferResult): void {
    const { dataType, shape, container } = result;
    this.types.set(name, container ? { dataType, shape, container } : { dataType, shape });
    if (!result.dims) return;
    this.#dims.set(name, result.dims);
    const isInteger = result.dataType === 'int64' || result.dataType === 'int32';
    if (!isInteger || !result.shape || result.dims.some((d) => typeof d !== 'number')) return;
    const dims = result.shape as readonly number[];
    const data =
      result.dataType === 'int64'
        ? BigInt64Array.from(result.dims, (d) => BigInt(d))
        : Int32Array.from(result.dims as number[]);
    this.constants.set(name, { kind: 'host', tensor: { dataType: result.dataType, dims, data } });
  }

  #fold(node: TypedNode, operator: Operator): boolean {
    const outputs = node.outputs.filter((name) => name !== '');
    if (outputs.every((name) => this.constants.has(name))) return true;
    const isKept = this.options.keepsQuantized && node.opType === 'DequantizeLinear' && node.domain === '';
    const foldable =
      operator.evaluate &&
      !isKept &&
      node.inputs.every((name) => name === '' || this.constants.has(name)) &&
      this.#isSmall(outputs);
    if (!foldable) return false;
    const tensors = operator.evaluate!(this.#evaluateContext(node));
    node.outputs.forEach((name, i) => {
      if (name === '') return;
      const tensor = tensors[i];
      this.constants.set(name, { kind: 'host', tensor });
      this.types.set(name, { dataType: tensor.dataType, shape: tensor.dims });
    });
    return true;
  }

  #isSmall(outputs: readonly string[]): boolean {
    return outputs.every((name) => {
      const shape = this.types.get(name)?.shape;
      return (
        shape?.every((d) => typeof d === 'number') && elementCount(shape as readonly number[]) <= maxFoldedElements
      );
    });
  }

  #host(name: string): Tensor | undefined {
    const constant = this.constants.get(name);
    return constant && hostTensor(constant);
  }

  #inferContext(node: TypedNode): InferContext {
    return inferContext(node, {
      types: this.types,
      host: (name) => this.#host(name),
      dims: (name) => this.#trackedDims(name),
      unknown: () => `?${this.#fresh++}`,
    });
  }

  #trackedDims(name: string): readonly Dim[] | undefined {
    const known = this.#dims.get(name);
    if (known) return known;
    const constant = this.constants.get(name);
    if (!constant) return undefined;
    const { dataType, dims } = constant.tensor;
    if ((dataType !== 'int64' && dataType !== 'int32') || dims.length > 1 || elementCount(dims) > maxTrackedDims)
      return undefined;
    return Array.from(hostTensor(constant).data as BigInt64Array | Int32Array, Number);
  }

  #evaluateContext(node: TypedNode): EvaluateContext {
    const context = nodeContext(node);
    return {
      ...context,
      input: (index) => this.#host(node.inputs[index] ?? '') ?? context.fail(`input ${index} is missing`),
      optional: (index) => this.#host(node.inputs[index] ?? ''),
    };
  }
}

/** What attributes and shape arithmetic made of a shape may be no shape at all. */
function requireSizes(context: InferContext, name: string, shape: readonly Dim[] | undefined): void {
  if (shape?.some((dim) => typeof dim === 'number' && !(Number.isInteger(dim) && dim >= 0)))
    context.fail(`output "${name}" would have the shape [${shape.join(', ')}]; sizes are whole numbers from 0`);
}

/** What inference may ask of the values of a graph, by name. */
interface KnownValues {
  readonly types: ReadonlyMap<string, ValueType>;
  host(name: string): Tensor | undefined;
  dims(name: string): readonly Dim[] | undefined;
  unknown(): Dim;
}

function inferContext(node: TypedNode, values: KnownValues): InferContext {
  const context = nodeContext(node);
  return {
    ...context,
    type: (index) => {
      const name = node.inputs[index] ?? '';
      return values.types.get(name) ?? context.fail(`input ${index} is missing`);
    },
    constant: (index) => values.host(node.inputs[index] ?? ''),
    dims: (index) => values.dims(node.inputs[index] ?? ''),
    unknown: values.unknown,
    outputTypes: (attribute) => node.subgraphs?.graphs.get(attribute)?.outputTypes ?? [],
  };
}

/** A node of a graph whose types are inferred already, as inference sees it. */
export function settledContext(graph: TypedGraph, node: TypedNode): InferContext {
  const host = (name: string) => {
    const constant = graph.constants.get(name);
    return constant && hostTensor(constant);
  };
  return inferContext(node, {
    types: graph.types,
    host,
    dims: (name) => {
      const tensor = host(name);
      const isInteger = tensor?.dataType === 'int64' || tensor?.dataType === 'int32';
      return isInteger ? Array.from(tensor.data as BigInt64Array | Int32Array, Number) : undefined;
    },
    unknown: () => '?',
  });
}

/** Throws one error that names every operator of the graph for which there is no definition. */
export function requireKnownOperators(graph: TypedGraph): void {
  const isKnown = ({ domain, opType, opset }: TypedNode) =>
    findOperator(domain, opType, opset) ?? findFunction(domain, opType, opset);
  const unknown = allNodes(graph.nodes).filter((node) => !isKnown(node));
  if (unknown.length > 0) throw unsupported(unknown, 'not supported');
}

/** Nodes with those of their subgraphs. */
export function allNodes(nodes: readonly TypedNode[]): readonly TypedNode[] {
  return nodes.flatMap((node) => [
    node,
    ...[...(node.subgraphs?.graphs.values() ?? [])].flatMap((graph) => allNodes(graph.nodes)),
  ]);
}

/** One error for several nodes: each operator once, with its count and first node. */
export function unsupported(nodes: readonly TypedNode[], why: string): TesseraError {
  const groups = new Map<string, TypedNode[]>();
  for (const node of nodes) {
    const name = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
    const group = groups.get(name);
    if (group) group.push(node);
    else groups.set(name, [node]);
  }
  const list = [...groups].map(
    ([name, [first, ...rest]]) => `${name} (opset ${first.opset}, ${rest.length + 1}x, first "${first.name}")`,
  );
  return new TesseraError('UNSUPPORTED_OPERATOR', `operators ${why}: ${list.join(', ')}`, { node: nodes[0].name });
}
