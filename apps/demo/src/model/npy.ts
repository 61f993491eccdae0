import { dump, parse, type DType } from 'npyjs';
import type { Tensor } from '../engine/messages.js';

const dataTypes: Readonly<Record<string, Tensor['dataType']>> = {
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  b1: 'bool',
};

/** An .npy file as a tensor. Throws where it is none, or lies in Fortran's order. */
export async function readNpy(file: Blob): Promise<Tensor> {
  const { dtype, data, shape, fortranOrder } = parse(await file.arrayBuffer());
  const dataType = dataTypes[dtype];
  if (!dataType) throw new Error(`arrays of type ${dtype} cannot be read`);
  if (fortranOrder) throw new Error("an array in Fortran's order cannot be read; save it by numpy.ascontiguousarray");
  return { dataType, dims: shape, data: data as Tensor['data'] };
}

/** A tensor as an .npy file; undefined for types that NumPy lacks. */
export function writeNpy({ dataType, dims, data }: Tensor): Blob | undefined {
  const dtype = Object.keys(dataTypes).find((code) => dataTypes[code] === dataType);
  return dtype === undefined ? undefined : new Blob([dump(data as Float32Array, [...dims], { dtype: dtype as DType })]);
}
