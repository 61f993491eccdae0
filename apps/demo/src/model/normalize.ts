import type { Tensor } from '../engine/messages.js';
import { resampleCubic, type Planes } from '../pictures/resample.js';
import { toTensor } from '../pictures/tensors.js';

/** How a picture becomes numbers: (value - mean) / std for each colour, value being in 0..1. */
export interface Normalization {
  readonly title: string;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /** Blue first, as OpenCV has it. */
  readonly isBgr?: boolean;
}

/** What published networks commonly ask for. */
export const normalizations: readonly Normalization[] = [
  { title: '0 to 1', mean: [0, 0, 0], std: [1, 1, 1] },
  { title: '0 to 1, blue first', mean: [0, 0, 0], std: [1, 1, 1], isBgr: true },
  { title: '-1 to 1', mean: [127 / 255, 127 / 255, 127 / 255], std: [128 / 255, 128 / 255, 128 / 255] },
  { title: '0 to 255', mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] },
  { title: 'ImageNet mean and deviation', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
];

/** A picture as a tensor [1,C,height,width], resized; one channel is the luma of BT.601. */
export function pictureTensor(
  picture: Planes,
  channels: number,
  height: number,
  width: number,
  { mean, std, isBgr }: Normalization,
): Tensor {
  const resized = resampleCubic(picture, width, height);
  const [red, green, blue] = resized.planes;
  const coloured =
    channels === 1
      ? [red.map((r, i) => 0.299 * r + 0.587 * green[i] + 0.114 * blue[i])]
      : isBgr
        ? [blue, green, red]
        : [red, green, blue];
  const planes = coloured.map((plane, c) => plane.map((v) => (v - mean[c]) / std[c]));
  return toTensor({ width, height, planes });
}
