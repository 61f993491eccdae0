import { readFileSync } from 'node:fs';
import { loadOnnx, readTensor } from '@tessera/onnx-loader';
import { decodeTensor, encodeModel } from '@tessera/onnx-loader/schema';
import type { Tensor } from '@tessera/runtime';
import { CliError, messageOf, systemReason } from '../errors.js';
import { decodeNpy } from '../npy.js';

/** Reads a TensorProto, by way of a model whose only initializer it is. */
function decodePb(bytes: Uint8Array): Tensor {
  const initializer = [{ ...decodeTensor(bytes), name: 'value' }];
  const { graph } = loadOnnx(encodeModel({ irVersion: 8, graph: { name: 'tensor', initializer } }));
  const stored = graph.initializers.get('value');
  if (!stored) throw new Error('it holds no tensor');
  return { dataType: stored.dataType, dims: stored.dims, data: readTensor(stored) };
}

/**
 * Reads a tensor from an .npy file or from a .pb file that holds a TensorProto.
 * @throws CliError naming the file.
 */
export function readArray(file: string): Tensor {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new CliError(`--input ${file} cannot be read: ${systemReason(error)}`);
  }
  const isPb = /\.pb$/i.test(file);
  try {
    return isPb ? decodePb(bytes) : decodeNpy(bytes);
  } catch (error) {
    const kind = isPb ? 'a TensorProto' : 'an .npy array';
    throw new CliError(`--input ${file} cannot be read as ${kind}: ${messageOf(error)}`);
  }
}
