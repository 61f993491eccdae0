import { readTensor } from '@tessera/onnx-loader';
import type { Constant, PlainConstant, ScaledConstant } from '../graph.js';
import type { Tensor } from '../tensor.js';

/** The tensor of a constant in host memory, read from the file where it still lies there. */
export function hostTensor(constant: Constant): Tensor {
  if (constant.kind === 'host') return constant.tensor;
  const { dataType, dims } = constant.tensor;
  if (constant.kind === 'stored') return { dataType, dims, data: readTensor(constant.tensor) };
  return { dataType, dims, data: scaledValues(constant) };
}

function scaledValues({ base, factors, run }: ScaledConstant): Float32Array {
  const values = Float32Array.from(hostTensor(base).data as Float32Array);
  for (let first = 0, i = 0; first < values.length; first += run, i = (i + 1) % factors.length) {
    const factor = factors[i];
    for (let at = first; at < first + run; at++) values[at] *= factor;
  }
  return values;
}

/** A float32 constant whose elements are multiplied by factors, each for `run` elements, over and over. */
export function scaledConstant(constant: Constant, factors: Float32Array, run: number): Constant {
  if (factors.every((factor) => factor === 1)) return constant;
  const base: PlainConstant = constant.kind === 'scaled' ? { kind: 'host', tensor: hostTensor(constant) } : constant;
  const tensor = { dataType: 'float32', dims: constant.tensor.dims } as const;
  return { kind: 'scaled', tensor, base, factors: Float32Array.from(factors), run };
}

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}
