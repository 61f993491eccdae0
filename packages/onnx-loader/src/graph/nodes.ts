import type { LoadContext } from '../context.js';
import type { Graph, Node } from '../model.js';
import type { GraphMessage, NodeMessage } from '../schema/messages.js';
import { convertAttributes } from './attribute.js';

/**
 * Names of values that are used but not made where they are used, and by what: the beginning of a sentence that the
 * name goes on, such as "node 'a' uses the value".
 */
export type FreeValues = ReadonlyMap<string, string>;

/** A graph and what it takes from the graphs around it. */
export interface ScopedGraph {
  readonly graph: Graph;
  readonly free: FreeValues;
}

/** A node and every value it needs before it can run: its inputs, and what its subgraphs take from outside. */
export interface ScopedNode {
  readonly node: Node;
  readonly uses: FreeValues;
}

/** Converts a subgraph and says what it takes from outside. */
export type ConvertGraph = (graph: GraphMessage) => ScopedGraph;

/** '' and 'ai.onnx' both name the default domain. */
export function normalDomain(domain: string | null | undefined): string {
  return !domain || domain === 'ai.onnx' ? '' : domain;
}

/** The nodes of one graph or function (which errors call `owner`), in the file's order, with unique names. */
export function convertNodes(
  context: LoadContext,
  owner: string,
  messages: readonly NodeMessage[],
  convertGraph: ConvertGraph,
): ScopedNode[] {
  const names = uniqueNames(messages);
  return messages.map((message, index) => convertNode(context, owner, message, names[index], convertGraph));
}

function convertNode(
  context: LoadContext,
  owner: string,
  message: NodeMessage,
  name: string,
  convertGraph: ConvertGraph,
): ScopedNode {
  const opType = message.opType ?? '';
  if (opType === '') throw context.error(`node '${name}' of ${owner} has no operator type`);
  const inputs = message.input ?? [];
  const uses = new Map(
    inputs.filter((input) => input !== '').map((input) => [input, `node '${name}' of ${owner} uses the value`]),
  );
  const attributes = convertAttributes(context, `node '${name}' (${opType})`, message.attribute ?? [], (subgraph) => {
    const { graph, free } = convertGraph(subgraph);
    for (const [value, user] of free) if (!uses.has(value)) uses.set(value, user);
    return graph;
  });
  const node: Node = {
    name,
    opType,
    domain: normalDomain(message.domain),
    overload: message.overload ?? '',
    inputs,
    outputs: message.output ?? [],
    attributes,
  };
  return { node: Object.freeze(node), uses };
}

/** The file's names; `<opType>_<index>` for a nameless node, and a number behind a name that is taken. */
function uniqueNames(messages: readonly NodeMessage[]): string[] {
  const given = new Set(messages.map(({ name }) => name).filter(Boolean));
  const used = new Set<string>();
  const next = new Map<string, number>();
  return messages.map((message, index) => {
    const base = message.name || `${message.opType ?? ''}_${index}`;
    let name = base;
    while (used.has(name) || (name !== message.name && given.has(name))) {
      const suffix = next.get(base) ?? 1;
      next.set(base, suffix + 1);
      name = `${base}_${suffix}`;
    }
    used.add(name);
    return name;
  });
}
