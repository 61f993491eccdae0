import { loadOnnx } from '@tessera/onnx-loader';
import { buildModel, type ModelSpec, type TensorSpec } from '../../../../tools/testing/index.js';
import type { TypedGraph } from '../../src/graph.js';
import { understand } from '../../src/passes/index.js';

/** A model as the passes leave it. */
export function understood(spec: ModelSpec): TypedGraph {
  return understand(loadOnnx(buildModel(spec)));
}

export const operatorsOf = (graph: TypedGraph): string[] => graph.nodes.map((node) => node.opType);

/** A float32 initializer with values 1, 2, 3, ... over 8. */
export function floats(name: string, dims: number[]): TensorSpec {
  const count = dims.reduce((product, size) => product * size, 1);
  return { name, dataType: 'float32', dims, data: Float32Array.from({ length: count }, (_, i) => (i + 1) / 8) };
}

export function ints(name: string, values: number[]): TensorSpec {
  return { name, dataType: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}
