import { expect } from 'vitest';
import { loadOnnx, OnnxError } from '@tessera/onnx-loader';
import type { LoadOptions, Model, Tensor } from '@tessera/onnx-loader';
import { buildModel } from '../../../tools/testing/index.js';
import type { ExternalTensorSpec, GraphSpec, ModelSpec, TensorSpec } from '../../../tools/testing/index.js';

/** A model of one Relu from 'x' to 'y', of shape [N, 3], with what `more` adds or changes. */
export function reluModel(more: Partial<ModelSpec> = {}): ModelSpec {
  return {
    inputs: [{ name: 'x', dataType: 'float32', dims: ['N', 3] }],
    outputs: [{ name: 'y', dataType: 'float32', dims: ['N', 3] }],
    nodes: [{ opType: 'Relu', inputs: ['x'], outputs: ['y'] }],
    ...more,
  };
}

/** A graph without inputs whose one output is `uses`, passed on. */
export function branch(uses: string, output = 'branch_out'): GraphSpec {
  return {
    name: `branch_of_${uses}`,
    outputs: [{ name: output, dataType: 'float32' }],
    nodes: [{ opType: 'Identity', inputs: [uses], outputs: [output] }],
  };
}

export function load(spec: ModelSpec, options?: LoadOptions): Model {
  return loadOnnx(buildModel(spec), options);
}

/** The tensor as the loader gives it back out of a model. */
export function roundTrip(tensor: TensorSpec | ExternalTensorSpec, options?: LoadOptions): Tensor {
  return load(reluModel({ initializers: [{ ...tensor, name: 'w' }] }), options).graph.initializers.get('w')!;
}

/** Expects an OnnxError whose message matches, and that is one sentence. */
export function expectRefusal(action: () => unknown, message: RegExp): void {
  let thrown: unknown;
  try {
    action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(OnnxError);
  expect((thrown as OnnxError).message).toMatch(message);
  expect((thrown as OnnxError).message).toMatch(/[^.]\.$/);
}
