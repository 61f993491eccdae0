import { readFileSync } from 'node:fs';
import { loadOnnxFile } from '@tessera/onnx-loader/node';
import { decodeModel, encodeModel } from '@tessera/onnx-loader/schema';
import { CliError } from '../errors.js';

/** Names of the values that the nodes of a model's main graph make. */
export function innerValues(file: string): Set<string> {
  const { graph } = loadOnnxFile(file);
  return new Set(graph.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== ''));
}

/** ONNX's largest file without external data. */
const LARGEST = 2 ** 31 - 1;
const EXTERNAL = 1;

/**
 * The model with more of its values as outputs, without types, which a runtime infers; external data come in, since
 * bytes alone have no folder to find them in.
 */
export function withOutputs(file: string, names: readonly string[]): Uint8Array {
  const message = decodeModel(readFileSync(file));
  const graph = message.graph ?? {};
  const present = new Set((graph.output ?? []).map(({ name }) => name));
  const added = names.filter((name) => !present.has(name)).map((name) => ({ name }));
  const external = (graph.initializer ?? []).some(({ dataLocation }) => dataLocation === EXTERNAL);
  const initializer = external ? embedded(file, graph.initializer ?? []) : graph.initializer;
  return encodeModel({ ...message, graph: { ...graph, initializer, output: [...(graph.output ?? []), ...added] } });
}

type Initializers = NonNullable<NonNullable<ReturnType<typeof decodeModel>['graph']>['initializer']>;

function embedded(file: string, initializers: Initializers): Initializers {
  const { graph } = loadOnnxFile(file);
  const total = [...graph.initializers.values()].reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
  if (total > LARGEST)
    throw new CliError(`${file} has ${total} bytes of external data; at most ${LARGEST} can be compared`);
  return initializers.map((tensor) => {
    const stored = graph.initializers.get(tensor.name ?? '');
    if (tensor.dataLocation !== EXTERNAL || !stored) return tensor;
    const rawData = stored.bytes.read(0, stored.bytes.byteLength);
    return { ...tensor, dataLocation: 0, externalData: [], rawData };
  });
}
