import { TesseraError } from '../errors.js';
import type { Constant, TypedGraph, TypedNode, ValueType } from '../graph.js';
import { areNumbers } from '../operators/dims.js';
import { findOperator } from '../operators/index.js';
import { specialize } from '../passes/index.js';
import { split, type HostStep, type SplitOptions } from '../program/split.js';
import { isTensor, type Value } from '../tensor.js';

/** What is known of an input when a stage is planned. */
export interface StageInput {
  readonly type: ValueType;
  readonly isOnHost: boolean;
  /** Its content, where it lies on the host and is known already. */
  readonly value?: Value;
}

export interface StageOptions {
  readonly unknownValues: SplitOptions['unknownValues'];
  /** Every value of known shape is an output. */
  readonly keepAll: boolean;
}

/** One stage of a run, as plain data: work of the device, then of the host, then the rest of the graph. */
export interface StagePlan {
  /** Inputs whose contents this plan holds for. */
  readonly valueInputs: ReadonlySet<string>;
  /** Whether its segment is all there is to do: it then makes every output of the graph, constants included. */
  readonly isWhole: boolean;
  readonly constants: ReadonlyMap<string, Constant>;
  readonly types: ReadonlyMap<string, ValueType>;
  /** Undefined where the device has nothing to do before the host. */
  readonly segment?: TypedGraph;
  readonly host: readonly HostStep[];
  /** Values on the device that are read back after the segment. */
  readonly fetched: ReadonlySet<string>;
  /** Undefined in the last stage. */
  readonly rest?: TypedGraph;
}

/**
 * Plans the first stage of a graph for inputs of these types. Inputs whose contents decide shapes become constants;
 * undefined where the content of such an input is not known yet.
 */
export function planStage(
  graph: TypedGraph,
  inputs: ReadonlyMap<string, StageInput>,
  valueInputs: ReadonlySet<string>,
  { unknownValues, keepAll }: StageOptions,
): StagePlan | undefined {
  const onHost = new Set(graph.inputs.filter((name) => inputs.get(name)!.isOnHost));
  const known = new Set([...valueInputs].filter((name) => onHost.has(name)));
  for (;;) {
    if ([...known].some((name) => inputs.get(name)!.value === undefined)) return undefined;
    const settled = specialize(withInputs(graph, inputs, known));
    const specialized = keepAll ? withAllOutputs(settled) : settled;
    const parts = split(specialized, { onHost, unknownValues });
    const more = [...parts.wanted].filter((name) => onHost.has(name) && !known.has(name));
    if (more.length > 0) more.forEach((name) => known.add(name));
    else return assemble(specialized, parts, onHost, known);
  }
}

/** The graph with every value of known shape that its nodes make as an output. */
function withAllOutputs(graph: TypedGraph): TypedGraph {
  const made = graph.nodes.flatMap((node) => node.outputs).filter((name) => areNumbers(graph.types.get(name)?.shape));
  return { ...graph, outputs: [...new Set([...graph.outputs, ...made])] };
}

/** The graph for inputs of these types, the known ones among the constants. */
function withInputs(
  graph: TypedGraph,
  inputs: ReadonlyMap<string, StageInput>,
  known: ReadonlySet<string>,
): TypedGraph {
  const constants = new Map(graph.constants);
  for (const name of known) {
    const value = inputs.get(name)!.value;
    if (value !== undefined && isTensor(value)) constants.set(name, { kind: 'host', tensor: value });
  }
  return {
    ...graph,
    inputs: graph.inputs.filter((name) => !known.has(name)),
    constants,
    types: new Map([...graph.types, ...graph.inputs.map((name) => [name, inputs.get(name)!.type] as const)]),
  };
}

function assemble(
  graph: TypedGraph,
  { segment, host, later, wanted }: ReturnType<typeof split>,
  onHost: ReadonlySet<string>,
  valueInputs: ReadonlySet<string>,
): StagePlan {
  const { constants, types } = graph;
  const made = new Set(segment.flatMap((node) => node.outputs));
  const needed = new Set([...host.map(({ node }) => node), ...later].flatMap((node) => node.inputs));
  const isLeft = (name: string) => made.has(name) && (needed.has(name) || graph.outputs.includes(name));
  const readOnHost = [...host.flatMap(({ node }) => hostInputs(node)), ...(later.length > 0 ? wanted : [])];
  const isReadable = (name: string) => made.has(name) || (graph.inputs.includes(name) && !onHost.has(name));
  const used = new Set(segment.flatMap((node) => node.inputs));
  const fetched = new Set(readOnHost.filter(isReadable));
  if (segment.length + host.length + fetched.size === 0 && later.length > 0) throw stuck(later[0]);
  const isWhole = host.length === 0 && later.length === 0;
  const part = {
    ...graph,
    nodes: segment,
    inputs: graph.inputs.filter((name) => used.has(name)),
    outputs: [...made].filter((name) => name !== '' && isLeft(name)),
  };
  return {
    valueInputs,
    isWhole,
    constants,
    types,
    segment: isWhole ? wholeSegment(graph) : segment.length > 0 ? part : undefined,
    host,
    fetched,
    rest: later.length === 0 ? undefined : restGraph(graph, later),
  };
}

function stuck({ name, opType }: TypedNode): TesseraError {
  const message = `node "${name}" (${opType}) cannot be placed: the types of its inputs are not known, nor anything that would tell them`;
  return new TesseraError('INVALID_MODEL', message, { node: name });
}

function wholeSegment(graph: TypedGraph): TypedGraph {
  const used = new Set([...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs]);
  return { ...graph, inputs: graph.inputs.filter((name) => used.has(name)) };
}

/** The inputs of a host step that must be in host memory: those of a node with subgraphs may stay on the device. */
function hostInputs(node: TypedNode): readonly string[] {
  if (!node.subgraphs) return node.inputs;
  const indices = findOperator(node.domain, node.opType, node.opset)?.valueInputs ?? [];
  return indices.flatMap((index) => node.inputs[index] ?? []);
}

/** The nodes that are left, fed by everything made before them. */
function restGraph(graph: TypedGraph, later: readonly TypedNode[]): TypedGraph {
  const made = new Set(later.flatMap((node) => node.outputs));
  const used = new Set(later.flatMap((node) => node.inputs));
  const inputs = [...used].filter((name) => name !== '' && !made.has(name) && !graph.constants.has(name));
  return {
    nodes: later,
    inputs,
    outputs: graph.outputs.filter((name) => made.has(name)),
    constants: new Map([...graph.constants].filter(([name]) => used.has(name))),
    types: graph.types,
  };
}
