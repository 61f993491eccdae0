import type { AttributeSpec, TensorSpec } from '../../../../tools/testing/index.js';
import { buildModel } from '../../../../tools/testing/index.js';
import { loadOnnx, type DataType, type Dimension } from '@tessera/onnx-loader';
import type { Dim } from '../../src/graph.js';
import { toNumbers } from '../../src/operators/numbers.js';
import { hostTensor } from '../../src/passes/constants.js';
import { importModel } from '../../src/passes/import-model.js';
import { propagate } from '../../src/passes/propagate.js';

/** An input of a node: fed, with sizes and symbols, or a constant with values. null: omitted. */
export interface NodeInput {
  readonly dims: readonly Dimension[];
  readonly dataType?: DataType;
  readonly values?: readonly number[];
}

export interface NodeCase {
  readonly opType: string;
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly inputs: readonly (NodeInput | null)[];
  readonly outputs?: number;
}

export interface NodeResult {
  readonly dataType: DataType;
  readonly shape?: readonly Dim[];
  /** Where the node was folded. */
  readonly values?: readonly number[];
}

export const int64 = (...values: number[]): NodeInput => ({ dims: [values.length], dataType: 'int64', values });

export const float32 = (...values: number[]): NodeInput => ({ dims: [values.length], values });

function constant(input: NodeInput, name: string): TensorSpec {
  const dataType = input.dataType ?? 'float32';
  return { name, dataType, dims: input.dims as number[], data: input.values! };
}

/** What is known of a node's outputs before anything runs. */
export function understandNode(test: NodeCase): readonly NodeResult[] {
  const names = test.inputs.map((input, i) => (input ? `x${i}` : ''));
  const outputs = Array.from({ length: test.outputs ?? 1 }, (_, i) => `y${i}`);
  const present = test.inputs.flatMap((input, i) => (input ? [{ input, name: names[i] }] : []));
  const model = buildModel({
    opset: test.opset ?? 21,
    inputs: present
      .filter(({ input }) => !input.values)
      .map(({ input, name }) => ({ name, dataType: input.dataType ?? 'float32', dims: input.dims })),
    outputs: outputs.map((name) => ({ name })),
    initializers: present.filter(({ input }) => input.values).map(({ input, name }) => constant(input, name)),
    nodes: [{ opType: test.opType, name: 'node', inputs: names, outputs, attributes: test.attributes }],
  });
  const graph = propagate(importModel(loadOnnx(model)));
  return outputs.map((name) => {
    const folded = graph.constants.get(name);
    const { dataType, shape } = graph.types.get(name)!;
    return folded ? { dataType, shape, values: Array.from(toNumbers(hostTensor(folded))) } : { dataType, shape };
  });
}
