import type { DataType } from '@tessera/onnx-loader';
import { isTensor, type Tensor } from '../tensor.js';
import { concatTensors } from './concat.js';
import { newArray, normalizeAxis, toNumbers } from './helpers.js';
import type { InferResult, NodeContext, RunContext, RunValue } from './types.js';
import { takeView, viewOf } from './views.js';

/** The one element of a condition. */
export function booleanOf(context: NodeContext, tensor: Tensor, what: string): boolean {
  if (tensor.data.length !== 1) context.fail(`${what} has ${tensor.data.length} elements; it must have one`);
  return toNumbers(tensor)[0] !== 0;
}

/** A value brought to the host, which must be a tensor. */
export async function fetchTensor(context: RunContext, value: RunValue, what: string): Promise<Tensor> {
  const host = await context.fetch(value);
  return isTensor(host) ? host : context.fail(`${what} must be a tensor`);
}

/** What the host does between two turns of a loop: other work gets its turn now and then, and an abort ends it. */
export async function betweenTurns(context: RunContext, turn: number): Promise<void> {
  context.signal?.throwIfAborted();
  if (turn % 256 === 255) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** Results of the turns of a loop, one behind the other along a new dimension `axis`, in reverse if wanted. */
export async function stackTurns(
  context: RunContext,
  parts: readonly RunValue[],
  none: InferResult | undefined,
  { axis = 0, isReversed = false }: { readonly axis?: number; readonly isReversed?: boolean } = {},
): Promise<Tensor> {
  if (parts.length === 0) return noTurns(none?.dataType ?? 'float32', none?.shape ?? []);
  const tensors: Tensor[] = [];
  for (const part of parts) tensors.push(await fetchTensor(context, part, 'what a body gives for each turn'));
  const { dims } = tensors[0];
  const at = normalizeAxis(context, axis, dims.length + 1);
  const odd = tensors.find((tensor) => tensor.dims.join() !== dims.join());
  if (odd) context.fail(`the body gives the shapes [${dims}] and [${odd.dims}] in its turns; they must agree`);
  if (isReversed) tensors.reverse();
  return concatTensors(
    tensors.map((tensor) => ({ ...tensor, dims: dims.toSpliced(at, 0, 1) })),
    at,
  );
}

function noTurns(dataType: DataType, shape: readonly (number | string)[]): Tensor {
  const dims = [0, ...shape.map((size) => (typeof size === 'number' ? size : 0))];
  return { dataType, dims, data: newArray(dataType, 0) };
}

/** Elements [index] along an axis, which goes. */
export function sliceAt(tensor: Tensor, axis: number, index: number): Tensor {
  const { shape, strides } = viewOf(tensor);
  const view = { shape: shape.toSpliced(axis, 1), strides: strides.toSpliced(axis, 1), offset: index * strides[axis] };
  return takeView(tensor, view);
}
