import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadValue, readTensor, type Graph, type StoredValue, type ValueInfo } from '@tessera/onnx-loader';
import type { Tensor, Value } from '@tessera/runtime';
import type { Case } from './suite.js';

/** Feeds by input name and wanted outputs by output name. */
export interface DataSet {
  readonly feeds: Readonly<Record<string, Value>>;
  readonly wanted: Readonly<Record<string, Value>>;
}

/** Throws where there is nothing to compare, or a value is of a kind that sessions do not take. */
export function readDataSets(test: Case, graph: Graph): DataSet[] {
  if (test.output !== undefined) {
    const [first] = graph.outputs;
    const feeds = Object.fromEntries(graph.inputs.map((input) => [input.name, ramp(input)]));
    return [{ feeds, wanted: { [first.name]: readValue(test.output, first) } }];
  }
  const sets = test.dataSets.map((folder) => ({
    feeds: readValues(folder, 'input', graph.inputs),
    wanted: readValues(folder, 'output', graph.outputs),
  }));
  if (!sets.some(({ wanted }) => Object.keys(wanted).length > 0)) throw new Error('the case has no wanted outputs');
  return sets;
}

function readValues(folder: string, kind: 'input' | 'output', values: readonly ValueInfo[]): Record<string, Value> {
  const found: Record<string, Value> = {};
  values.forEach((value, index) => {
    const path = join(folder, `${kind}_${index}.pb`);
    if (existsSync(path)) found[value.name] = readValue(path, value);
  });
  return found;
}

function readValue(path: string, value: ValueInfo): Value {
  if (!value.type) throw new Error(`the model states no type for "${value.name}"`);
  return hostValue(loadValue(readFileSync(path), value.type, { name: value.name }), value.name);
}

function hostValue(stored: StoredValue, name: string): Value {
  if (stored === null) return null;
  if ('dataType' in stored) {
    return { dataType: stored.dataType, dims: stored.dims, data: stored.strings ?? readTensor(stored) };
  }
  return stored.map((element) => {
    const value = hostValue(element, name);
    if (value !== null && 'dataType' in value) return value;
    throw new Error(`"${name}" is a sequence of what is no tensor`);
  });
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
