import type { ImplicitGemm } from '../implicit.js';
import type { DeviceProfile } from '../problem.js';
import type { Param } from '../wgsl/shader.js';

/** Tiles that a Fourier transform is written for, with the radices of its two passes along each axis. */
export const fftRadices = { 32: [8, 4], 64: [8, 8] } as const satisfies Readonly<
  Record<number, readonly [number, number]>
>;

export type FftSize = keyof typeof fftRadices;

/**
 * How a convolution is cut for overlap-save: tiles of size x size inputs, which overlap by the filter's extent less one,
 * give `validY` x `validX` outputs of stride 1 each. Two tiles are the real and the imaginary part of one transform: since
 * filters are real, their products stay apart.
 */
export interface FftShape {
  readonly size: FftSize;
  readonly validY: number;
  readonly validX: number;
  readonly tilesY: number;
  readonly tilesX: number;
  /** Tiles of all images. */
  readonly tiles: number;
  /** Pairs of tiles: complex transforms of a channel. */
  readonly pairs: number;
  /** Complex numbers from row to row of the tile in workgroup memory. */
  readonly rowStride: number;
}

/** The shape for a problem, or undefined where the filter is too large for the tile. */
export function fftShape(p: ImplicitGemm, size: FftSize, device: DeviceProfile): FftShape | undefined {
  const validY = size - p.dilationHeight * (p.kernelHeight - 1);
  const validX = size - p.dilationWidth * (p.kernelWidth - 1);
  if (validY < 1 || validX < 1) return undefined;
  const tilesY = Math.ceil(((p.outHeight - 1) * p.strideHeight + 1) / validY);
  const tilesX = Math.ceil(((p.outWidth - 1) * p.strideWidth + 1) / validX);
  const tiles = p.batch * tilesY * tilesX;
  const padded = 8 * size * (size + 1);
  return {
    size,
    validY,
    validX,
    tilesY,
    tilesX,
    tiles,
    pairs: Math.ceil(tiles / 2),
    rowStride: padded <= device.maxWorkgroupStorage ? size + 1 : size,
  };
}

/** Whether each output channel sees one input channel, so that one dispatch does all. */
export function isDepthwise(p: ImplicitGemm): boolean {
  return p.channels === 1;
}

/** Bytes of workgroup memory of a transform. */
export function fftTileBytes({ size, rowStride }: FftShape): number {
  return 8 * size * rowStride;
}

/** Where the products begin in scratch, after the transformed input, in complex numbers. */
function fftProductOffset(p: ImplicitGemm, { size, pairs }: FftShape): number {
  return pairs * p.groups * p.channels * size * size;
}

/** Bytes of scratch: transformed input [pair][channel][frequency], then products [pair][output channel][frequency]. */
export function fftScratchBytes(p: ImplicitGemm, shape: FftShape): number {
  const { size, pairs } = shape;
  return 8 * (fftProductOffset(p, shape) + pairs * p.groups * p.columns * size * size);
}

/** The uniform values that say how the problem is cut. */
export function fftParams(p: ImplicitGemm, shape: FftShape): readonly Param[] {
  const values = {
    tiles: shape.tiles,
    tiles_y: shape.tilesY,
    tiles_x: shape.tilesX,
    valid_y: shape.validY,
    valid_x: shape.validX,
    pairs: shape.pairs,
    groups: p.groups,
    out_height: p.outHeight,
    product_offset: fftProductOffset(p, shape),
  };
  return Object.entries(values).map(([name, value]) => ({ name, type: 'u32', value }));
}
