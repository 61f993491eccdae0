import type { LoadContext } from '../context.js';
import type { FunctionDefinition } from '../model.js';
import type { FunctionMessage, OpsetMessage } from '../schema/messages.js';
import { convertAttributes } from './attribute.js';
import { convertGraph, madeValues, refuseFreeValues } from './graph.js';
import { convertNodes, normalDomain } from './nodes.js';
import { sortNodes } from './order.js';

/** Domain to version; of a domain named twice, the higher version. */
export function convertOpsets(messages: readonly OpsetMessage[]): Map<string, number> {
  const opsets = new Map<string, number>();
  for (const { domain, version } of messages) {
    const key = normalDomain(domain);
    opsets.set(key, Math.max(Number(version ?? 0), opsets.get(key) ?? 0));
  }
  return opsets;
}

/** A FunctionProto. Operator sets it does not import itself are the model's. */
export function convertFunction(
  context: LoadContext,
  message: FunctionMessage,
  modelOpsets: ReadonlyMap<string, number>,
): FunctionDefinition {
  const name = message.name ?? '';
  const owner = `function '${name}'`;
  const inputs = message.input ?? [];
  const outputs = message.output ?? [];
  const nodes = convertNodes(context, owner, message.node ?? [], (graph) => convertGraph(context, graph));
  const made = madeValues(context, owner, nodes, {
    inputs: inputs.map((input) => ({ name: input })),
    initializers: new Map(),
  });
  const free = new Map<string, string>();
  for (const { uses } of nodes) for (const [value, user] of uses) if (!made.has(value)) free.set(value, user);
  for (const output of outputs) if (!made.has(output)) free.set(output, `${owner} has the output`);
  refuseFreeValues(context, free);
  const attributeDefaults = convertAttributes(context, owner, message.attributeProto ?? [], (graph) => {
    const { graph: converted, free: captured } = convertGraph(context, graph);
    refuseFreeValues(context, captured);
    return converted;
  });
  return Object.freeze({
    name,
    domain: normalDomain(message.domain),
    overload: message.overload ?? '',
    inputs,
    outputs,
    attributeNames: [...(message.attribute ?? []), ...attributeDefaults.keys()],
    attributeDefaults,
    nodes: sortNodes(context, nodes, owner),
    opsetImports: new Map([...modelOpsets, ...convertOpsets(message.opsetImport ?? [])]),
  });
}
