import { TesseraError } from '../errors.js';
import type { TypedGraph, TypedNode, ValueType } from '../graph.js';
import { findFunction, findOperator } from '../operators/index.js';
import { areNumbers, isInteger } from '../operators/helpers.js';
import type { Operator } from '../operators/types.js';
import { elementCount } from '../passes/constants.js';
import { settledContext } from '../passes/propagate.js';
import { isDeviceType } from './storage.js';

/** A node that the host runs, and why. */
export interface HostStep {
  readonly node: TypedNode;
  readonly reason: string;
  /** Whether it only calculates with small integers of the host: sizes, axes and the like. */
  readonly isShapeArithmetic: boolean;
}

/**
 * A graph cut at the first place where the host must act: `segment` runs on the device, `host` afterwards on the host,
 * and what is left becomes a graph of its own, understood when the values before it are known.
 */
export interface Split {
  /** Nodes with kernels, in order; every shape in it is known. */
  readonly segment: readonly TypedNode[];
  readonly host: readonly HostStep[];
  readonly later: readonly TypedNode[];
  /** Values whose contents the nodes that are left must know before they can be lowered. */
  readonly wanted: ReadonlySet<string>;
}

export interface SplitOptions {
  /** Inputs of the graph that lie in host memory; the others lie on the device. */
  readonly onHost: ReadonlySet<string>;
  /**
   * What to do with a node that has a kernel once values are known that only the run tells: 'specialize' reads them and
   * makes a program for them, 'evaluate' leaves the node to the host (in bodies of loops, where they change all the time).
   */
  readonly unknownValues: 'specialize' | 'evaluate';
}

/** Shape arithmetic on values of the host stays there up to this many elements. */
const maxHostArithmetic = 4096;

/**
 * Cuts a graph, specialized as far as possible. Where a node that the host must run, or a value that others wait for,
 * hangs on values of the host alone, the cut comes before any work of the device; otherwise the segment is everything
 * that can run. Throws UNSUPPORTED_OPERATOR where a node can run nowhere.
 */
export function split(graph: TypedGraph, options: SplitOptions): Split {
  const nodes = graph.nodes.map((node) => new Candidate(graph, node, options));
  const wanted = new Set(nodes.flatMap((each) => each.wanted));
  const hostFirst = hostSteps(nodes, (name) => options.onHost.has(name) || graph.constants.has(name), [
    ...arithmeticFor(nodes, wanted, graph, options.onHost),
  ]);
  if (hostFirst.length > 0) {
    const done = new Set(hostFirst.map(({ node }) => node));
    return { segment: [], host: hostFirst, later: graph.nodes.filter((node) => !done.has(node)), wanted };
  }
  const made = new Set<string>([...graph.inputs, ...graph.constants.keys()]);
  const segment = nodes.filter((each) => {
    const runs = each.isDeviceNode && each.inputs.every((name) => made.has(name));
    if (runs) each.outputs.forEach((name) => made.add(name));
    return runs;
  });
  const taken = new Set(segment);
  const rest = nodes.filter((each) => !taken.has(each));
  const host = hostSteps(rest, (name) => made.has(name), []);
  const done = new Set(host.map(({ node }) => node));
  const later = rest.map(({ node }) => node).filter((node) => !done.has(node));
  return { segment: segment.map(({ node }) => node), host, later, wanted };
}

/** The nodes that must run on the host and can, where `isThere` values (and what they make) are all they need. */
function hostSteps(
  nodes: readonly Candidate[],
  isThere: (name: string) => boolean,
  arithmetic: readonly Candidate[],
): HostStep[] {
  const made = new Set<string>();
  return nodes.flatMap((each) => {
    const reason = each.hostReason ?? (arithmetic.includes(each) ? 'shape arithmetic' : undefined);
    if (!reason || !each.inputs.every((name) => made.has(name) || isThere(name))) return [];
    each.outputs.forEach((name) => made.add(name));
    return [{ node: each.node, reason, isShapeArithmetic: each.isArithmetic }];
  });
}

/** The nodes that make wanted values out of small integers of the host. */
function arithmeticFor(
  nodes: readonly Candidate[],
  wanted: ReadonlySet<string>,
  graph: TypedGraph,
  onHost: ReadonlySet<string>,
): ReadonlySet<Candidate> {
  const producer = new Map(nodes.flatMap((each) => each.outputs.map((name) => [name, each])));
  const found = new Set<Candidate>();
  for (const name of wanted) {
    const cone = new Set<Candidate>();
    if (isArithmetic(name, cone)) cone.forEach((each) => found.add(each));
  }
  return found;

  function isArithmetic(name: string, cone: Set<Candidate>): boolean {
    if (graph.constants.has(name)) return true;
    if (!isSmallInteger(graph.types.get(name))) return false;
    if (onHost.has(name)) return true;
    const each = producer.get(name);
    if (!each?.operator?.evaluate) return false;
    cone.add(each);
    return each.inputs.every((input) => isArithmetic(input, cone));
  }
}

/** A node with what decides where it runs. */
class Candidate {
  /** Undefined of a function, whose nodes take its place as soon as the values are known that it hangs on. */
  readonly operator?: Operator;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Values it needs to know and does not. */
  readonly wanted: readonly string[] = [];
  /** Why it must run on the host; undefined too where that cannot be told yet. */
  readonly hostReason?: string;
  readonly isDeviceNode: boolean = false;
  /** Whether all it takes and makes are small integers. */
  readonly isArithmetic: boolean;

  constructor(
    graph: TypedGraph,
    readonly node: TypedNode,
    options: SplitOptions,
  ) {
    this.operator = findOperator(node.domain, node.opType, node.opset);
    this.inputs = node.inputs.filter((name) => name !== '');
    this.outputs = node.outputs.filter((name) => name !== '');
    this.isArithmetic = [...this.inputs, ...this.outputs].every((name) => isSmallInteger(graph.types.get(name)));
    this.hostReason = this.#kindReason(graph);
    if (!this.hostReason && this.#isTyped(graph)) {
      const unknown = this.#unknownValues(graph);
      if (unknown.length > 0 && this.operator && options.unknownValues === 'evaluate') {
        this.hostReason = `the values of ${unknown.map((name) => `"${name}"`).join(', ')} change within the run`;
      } else if (unknown.length > 0) this.wanted = unknown;
      else if (this.operator) {
        this.hostReason = this.#shapeReason(graph) ?? this.operator.hostReason?.(settledContext(graph, node));
        this.isDeviceNode = this.hostReason === undefined;
      }
    }
    if (this.hostReason && !this.operator?.evaluate && !this.operator?.run) throw nowhere(node, this.hostReason);
  }

  #kindReason(graph: TypedGraph): string | undefined {
    if (!this.operator) return undefined;
    if (!this.operator.lower) return this.operator.run ? 'the operator runs on the host' : 'the operator has no kernel';
    const types = [...this.inputs, ...this.outputs].flatMap((name) => graph.types.get(name) ?? []);
    const type = types.find((each) => each.container || !isDeviceType(each.dataType));
    return type && `values of type ${describe(type)} are held on the host`;
  }

  /** Whether all inputs are tensors of known shapes. */
  #isTyped(graph: TypedGraph): boolean {
    return this.inputs.every((name) => areNumbers(graph.types.get(name)?.shape));
  }

  #unknownValues(graph: TypedGraph): string[] {
    const { domain, opType, opset } = this.node;
    const definition = this.operator ?? findFunction(domain, opType, opset);
    const names = (definition?.valueInputs ?? []).map((index) => this.node.inputs[index] ?? '');
    return names.filter((name) => name !== '' && !graph.constants.has(name));
  }

  #shapeReason(graph: TypedGraph): string | undefined {
    const open = this.outputs.find((name) => !areNumbers(graph.types.get(name)?.shape));
    return open && `the shape of "${open}" depends on data`;
  }
}

function isSmallInteger(type: ValueType | undefined): boolean {
  if (!type || type.container || !(isInteger(type.dataType) || type.dataType === 'bool')) return false;
  return areNumbers(type.shape) && elementCount(type.shape) <= maxHostArithmetic;
}

function describe({ container, dataType }: ValueType): string {
  return container ? `${container} of ${dataType}` : dataType;
}

function nowhere(node: TypedNode, reason: string): TesseraError {
  const message = `node "${node.name}" (${node.opType}) cannot run on the GPU (${reason}) and has no evaluation on the host`;
  return new TesseraError('UNSUPPORTED_OPERATOR', message, { node: node.name });
}
