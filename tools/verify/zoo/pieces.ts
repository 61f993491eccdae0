import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { decodeModel, encodeModel, type NodeMessage, type ValueInfoMessage } from '@tessera/onnx-loader/schema';

/** A run of a network's nodes as a model of its own. */
export interface Piece {
  readonly path: string;
  /** Values of the whole network that the piece takes and gives. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** What is known of a value. */
export interface Known {
  /** TensorProto.DataType. */
  readonly elementType: number;
  readonly dims: readonly number[];
}

/** A network that can be cut; each model written takes the place of the one before, beside the network's own file. */
export interface NetworkFile {
  /** How many nodes there are, constants apart. */
  readonly length: number;
  /** Writes the whole with the outputs of every node as its own. */
  whole(): string;
  /** Writes nodes [first, last), with what is known of all values. */
  piece(first: number, last: number, known: ReadonlyMap<string, Known>): Piece;
  dispose(): void;
}

function usedNames(node: NodeMessage): string[] {
  const inner = (node.attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]);
  return [...(node.input ?? []), ...inner.flatMap((graph) => (graph.node ?? []).flatMap(usedNames))];
}

function valueInfo(name: string, { elementType, dims }: Known): ValueInfoMessage {
  const dim = dims.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: elementType, shape: { dim } } } };
}

export function openNetworkFile(path: string): NetworkFile {
  const file = path.replace(/\.onnx$/, '.piece.onnx');
  const model = decodeModel(readFileSync(path));
  const graph = model.graph!;
  const constants = graph.node!.filter((node) => node.opType === 'Constant');
  const nodes = graph.node!.filter((node) => node.opType !== 'Constant');
  const ends = new Set(graph.output!.map((output) => output.name!));
  const write = (changed: object) => writeFileSync(file, encodeModel({ ...model, graph: { ...graph, ...changed } }));
  const made = (some: readonly NodeMessage[]) => some.flatMap((node) => node.output!.filter((name) => name !== ''));
  return {
    length: nodes.length,
    whole() {
      const further = made(nodes).filter((name) => !ends.has(name));
      write({ output: [...graph.output!, ...further.map((name) => ({ name }))] });
      return file;
    },
    piece(first, last, known) {
      const run = nodes.slice(first, last);
      const own = new Set(made(run));
      const used = new Set(run.flatMap(usedNames));
      const usedOutside = new Set([...nodes.slice(0, first), ...nodes.slice(last)].flatMap(usedNames));
      const inputs = [...used].filter((name) => known.has(name) && !own.has(name));
      const outputs = [...own].filter((name) => usedOutside.has(name) || ends.has(name));
      write({
        node: [...constants.filter((node) => used.has(node.output![0])), ...run],
        initializer: (graph.initializer ?? []).filter((tensor) => used.has(tensor.name!)),
        input: inputs.map((name) => valueInfo(name, known.get(name)!)),
        output: outputs.map((name) => ({ name })),
        valueInfo: [],
      });
      return { path: file, inputs, outputs };
    },
    dispose: () => rmSync(file, { force: true }),
  };
}
