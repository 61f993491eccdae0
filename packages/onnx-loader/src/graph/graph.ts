import type { LoadContext } from '../context.js';
import type { Graph, Tensor, ValueInfo } from '../model.js';
import type { GraphMessage } from '../schema/messages.js';
import { convertSparseTensor, densify } from '../tensor/sparse.js';
import { convertTensor } from '../tensor/tensor.js';
import { convertNodes } from './nodes.js';
import type { FreeValues, ScopedGraph, ScopedNode } from './nodes.js';
import { sortNodes } from './order.js';
import { convertValueInfo } from './value-type.js';

/** How deep If, Loop and Scan may nest; real models stay below ten. */
const MAX_DEPTH = 64;

/** Converts and checks a graph, and says which values it takes from around it; a model's own graph may take none. */
export function convertGraph(context: LoadContext, message: GraphMessage, depth = 0): ScopedGraph {
  if (depth > MAX_DEPTH) throw context.error(`its subgraphs nest deeper than ${MAX_DEPTH} levels`);
  const name = message.name ?? '';
  const owner = `graph '${name}'`;
  const initializers = convertInitializers(context, owner, message);
  const inputs = (message.input ?? []).map((input) => convertValueInfo(context, input));
  const outputs = (message.output ?? []).map((output) => convertValueInfo(context, output));
  const valueInfo = (message.valueInfo ?? []).map((value) => convertValueInfo(context, value));
  const nodes = convertNodes(context, owner, message.node ?? [], (subgraph) =>
    convertGraph(context, subgraph, depth + 1),
  );
  const made = madeValues(context, owner, nodes, { inputs, initializers });
  const graph: Graph = {
    name,
    nodes: Object.freeze(sortNodes(context, nodes, owner)),
    inputs: inputs.filter((input) => !initializers.has(input.name)),
    outputs,
    initializers,
    valueInfo: new Map(valueInfo.map((value) => [value.name, value])),
  };
  const free = new Map<string, string>();
  for (const { uses } of nodes) {
    for (const [value, user] of uses) if (!made.has(value) && !free.has(value)) free.set(value, user);
  }
  for (const output of outputs)
    if (!made.has(output.name) && !free.has(output.name)) free.set(output.name, `${owner} has the output`);
  return { graph: Object.freeze(graph), free };
}

function convertInitializers(context: LoadContext, owner: string, message: GraphMessage): ReadonlyMap<string, Tensor> {
  const dense = (message.initializer ?? []).map((tensor) => convertTensor(context, tensor));
  const sparse = (message.sparseInitializer ?? []).map((tensor) =>
    densify(context, convertSparseTensor(context, tensor)),
  );
  const initializers = new Map<string, Tensor>();
  for (const tensor of [...dense, ...sparse]) {
    if (tensor.name === '') throw context.error(`an initializer of ${owner} has no name`);
    if (initializers.has(tensor.name)) throw context.error(`${owner} has the initializer '${tensor.name}' twice`);
    initializers.set(tensor.name, tensor);
  }
  return initializers;
}

/** Every value made in a graph: its inputs, initializers and node outputs, none of them twice. */
export function madeValues(
  context: LoadContext,
  owner: string,
  nodes: readonly ScopedNode[],
  given: { readonly inputs: readonly ValueInfo[]; readonly initializers: ReadonlyMap<string, Tensor> },
): ReadonlySet<string> {
  const made = new Map<string, string>();
  for (const { name } of given.inputs) add(name, `an input of ${owner}`);
  for (const name of given.initializers.keys()) made.set(name, 'an initializer');
  for (const { node } of nodes) {
    for (const output of node.outputs) if (output !== '') add(output, `node '${node.name}'`);
  }
  return new Set(made.keys());

  function add(value: string, maker: string): void {
    const first = made.get(value);
    if (first !== undefined) throw context.error(`value '${value}' is made twice, by ${first} and by ${maker}`);
    made.set(value, maker);
  }
}

/** Throws where something is taken from outside a graph or function that has no outside. */
export function refuseFreeValues(context: LoadContext, free: FreeValues): void {
  for (const [value, use] of free) throw context.error(`${use} '${value}', which no node, input or initializer makes`);
}
