import type { ValueInfo } from '@tessera/onnx-loader';
import { loadOnnxFile } from '@tessera/onnx-loader/node';
import type { ValueMetadata } from '@tessera/runtime';
import { CliError } from '../errors.js';

function metadata(model: string, { name, type }: ValueInfo): ValueMetadata {
  if (type?.kind !== 'tensor') {
    throw new CliError(
      `${model}: input "${name}" is ${type ? `a ${type.kind}` : 'of no stated type'}, only tensors can be fed`,
    );
  }
  const dims = type.dims?.map((dim, axis) => dim ?? `${name}_dim${axis}`);
  return { name, dataType: type.dataType, ...(dims && { dims }) };
}

/**
 * The inputs of a model, read before anything touches the GPU, so that mistakes in the arguments show at once. A
 * dimension that the file says nothing of is a symbol of its own, `INPUT_dimAXIS`, as the runtime calls it.
 */
export function readSignature(model: string): ValueMetadata[] {
  return loadOnnxFile(model).graph.inputs.map((input) => metadata(model, input));
}
