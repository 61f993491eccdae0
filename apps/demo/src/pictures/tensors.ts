import type { Tensor } from '../engine/messages.js';
import type { Planes } from './resample.js';

/** Planes as a float32 tensor [1,C,H,W]. */
export function toTensor({ width, height, planes }: Planes): Tensor {
  const data = new Float32Array(planes.length * width * height);
  planes.forEach((plane, c) => data.set(plane, c * width * height));
  return { dataType: 'float32', dims: [1, planes.length, height, width], data };
}

/** The first picture of a tensor [N,C,H,W] of floats, C being 1 or 3. */
export function toPlanes({ dims, data }: Tensor): Planes {
  const [, channels, height, width] = dims;
  const size = width * height;
  const values = data as Float32Array;
  const planes = Array.from({ length: channels }, (_, c) => values.slice(c * size, (c + 1) * size));
  return { width, height, planes };
}
