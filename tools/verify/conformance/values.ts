import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadValue, readTensor, type Graph, type StoredValue, type ValueInfo } from '@tessera/onnx-loader';
import type { Tensor } from '@tessera/runtime';
import type { Case } from './suite.js';

/** Feeds by input name and wanted outputs by output name. */
export interface DataSet {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly wanted: Readonly<Record<string, Tensor>>;
}

/** Throws where there is nothing to compare, or a value is neither a tensor nor an optional holding one or nothing. */
export function readDataSets(test: Case, graph: Graph): DataSet[] {
  if (test.output !== undefined) {
    const [first] = graph.outputs;
    const wanted = readValue(test.output, first);
    return [
      {
        feeds: Object.fromEntries(graph.inputs.map((input) => [input.name, ramp(input)])),
        wanted: named(first, wanted),
      },
    ];
  }
  const sets = test.dataSets.map((folder) => ({
    feeds: readValues(folder, 'input', graph.inputs),
    wanted: readValues(folder, 'output', graph.outputs),
  }));
  if (!sets.some(({ wanted }) => Object.keys(wanted).length > 0)) throw new Error('the case has no wanted outputs');
  return sets;
}

function named(value: ValueInfo, tensor: Tensor | undefined): Record<string, Tensor> {
  return tensor ? { [value.name]: tensor } : {};
}

function readValues(folder: string, kind: 'input' | 'output', values: readonly ValueInfo[]): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  values.forEach((value, index) => {
    const path = join(folder, `${kind}_${index}.pb`);
    if (existsSync(path)) Object.assign(tensors, named(value, readValue(path, value)));
  });
  return tensors;
}

function readValue(path: string, value: ValueInfo): Tensor | undefined {
  if (!value.type) throw new Error(`the model states no type for "${value.name}"`);
  return hostTensor(loadValue(readFileSync(path), value.type, { name: value.name }), value.name);
}

function hostTensor(stored: StoredValue, name: string): Tensor | undefined {
  if (stored === null) return undefined;
  if (!('dataType' in stored)) throw new Error(`"${name}" is a sequence; only tensors are supported`);
  return { dataType: stored.dataType, dims: stored.dims, data: stored.strings ?? readTensor(stored) };
}

/** What ONNX's test runner feeds networks that come without inputs: the elements count up from 0 to almost 1. */
function ramp({ name, type }: ValueInfo): Tensor {
  if (type?.kind !== 'tensor' || type.dataType !== 'float32' || !type.dims) {
    throw new Error(`input "${name}" is no float32 tensor of a stated shape`);
  }
  const dims = type.dims.map((dim) => (typeof dim === 'number' ? dim : 1));
  const length = dims.reduce((product, size) => product * size, 1);
  return { dataType: 'float32', dims, data: Float32Array.from({ length }, (_, i) => i / length) };
}
