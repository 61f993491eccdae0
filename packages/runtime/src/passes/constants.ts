import { readTensor } from '@tessera/onnx-loader';
import type { Constant } from '../graph.js';
import type { Tensor } from '../tensor.js';

/** The tensor of a constant in host memory, read from the file where it still lies there. */
export function hostTensor(constant: Constant): Tensor {
  if (constant.kind === 'host') return constant.tensor;
  const { dataType, dims } = constant.tensor;
  return { dataType, dims, data: readTensor(constant.tensor) };
}

export function constantDims(constant: Constant): readonly number[] {
  return constant.tensor.dims;
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}
