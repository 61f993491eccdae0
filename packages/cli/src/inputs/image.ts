import { existsSync } from 'node:fs';
import type { DataType } from '@tessera/onnx-loader';
import type { Tensor } from '@tessera/runtime';
import sharp from 'sharp';
import { CliError, messageOf } from '../errors.js';
import { FLOAT_TYPES, INTEGER_TYPES, convertTensor } from './convert.js';
import { describeTensor } from './values.js';

/** How pixels become values: (pixel * scale - mean) / std, channel by channel of the tensor. */
export interface PixelOptions {
  /** Default: 1/255 for an input of floats, 1 for one of integers. */
  readonly scale?: number;
  /** One number, or one a channel. Default 0. */
  readonly mean?: readonly number[];
  /** One number, or one a channel. Default 1. */
  readonly std?: readonly number[];
  /** Blue first. */
  readonly bgr?: boolean;
}

/** Which axes of a tensor are an image's. */
export interface ImageLayout {
  readonly rank: 3 | 4;
  /** Absent for one image without a batch axis. */
  readonly batch?: number;
  /** Absent for grayscale without a channel axis. */
  readonly channel?: number;
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3 | 4;
}

/** Pixels row by row, the channels of one side by side, 0..255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

const CHANNELS = [1, 3, 4];

function channelsAt(dims: readonly (number | string)[], axis: number): 1 | 3 | 4 | undefined {
  const size = dims[axis];
  return typeof size === 'number' && CHANNELS.includes(size) ? (size as 1 | 3 | 4) : undefined;
}

/**
 * Sees a shape as images: [N,C,H,W] or [N,H,W,C] with C of 1, 3 or 4, [C,H,W] or [H,W,C] with C of 3 or 4, else
 * [N,H,W]. The channels-first reading is preferred where both fit. Undefined for any other shape.
 */
export function imageLayout(dims: readonly (number | string)[]): ImageLayout | undefined {
  if (dims.length === 4) {
    const first = channelsAt(dims, 1);
    if (first) return { rank: 4, batch: 0, channel: 1, height: 2, width: 3, channels: first };
    const last = channelsAt(dims, 3);
    if (last) return { rank: 4, batch: 0, channel: 3, height: 1, width: 2, channels: last };
  }
  if (dims.length === 3) {
    const first = channelsAt(dims, 0);
    if (first && first > 1) return { rank: 3, channel: 0, height: 1, width: 2, channels: first };
    const last = channelsAt(dims, 2);
    if (last && last > 1) return { rank: 3, channel: 2, height: 0, width: 1, channels: last };
    return { rank: 3, batch: 0, height: 1, width: 2, channels: 1 };
  }
  return undefined;
}

function unreadable(file: string, error: unknown): CliError {
  const why = existsSync(file) ? messageOf(error).replace(/:$/, '') : 'no such file or directory';
  return new CliError(`${file} cannot be read as a picture: ${why}`);
}

/** Opens a picture and gives its size as it is to be seen, that is turned as its EXIF orientation says. */
export async function pictureSize(file: string): Promise<{ width: number; height: number }> {
  try {
    const { autoOrient } = await sharp(file).metadata();
    return { width: autoOrient.width, height: autoOrient.height };
  } catch (error) {
    throw unreadable(file, error);
  }
}

/**
 * Decodes a picture to 8-bit sRGB, turned by its EXIF orientation and stretched to a size (bilinear, widened to cover
 * all pixels when it shrinks). Three channels drop transparency, one is 0.299 R + 0.587 G + 0.114 B, rounded.
 */
export async function readPicture(file: string, width: number, height: number, channels: 1 | 3 | 4): Promise<Picture> {
  const opened = sharp(file).autoOrient().toColourspace('srgb');
  const sized = opened.resize(width, height, { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false });
  const shaped = channels === 4 ? sized.ensureAlpha() : sized.removeAlpha();
  try {
    const { data, info } = await shaped.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return toChannels({ width, height, channels: info.channels, data }, channels);
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** Gray from colour, or colour from gray, where the file's number of channels is not the one wanted. */
export function toChannels(picture: Picture, channels: 1 | 3 | 4): Picture {
  if (picture.channels === channels) return picture;
  const { width, height, data: source } = picture;
  const count = width * height;
  const data = new Uint8Array(count * channels);
  for (let pixel = 0; pixel < count; pixel++) {
    const from = pixel * picture.channels;
    const gray = picture.channels < 3;
    const red = source[from];
    const green = gray ? red : source[from + 1];
    const blue = gray ? red : source[from + 2];
    const colours = [red, green, blue, picture.channels === 2 ? source[from + 1] : 255];
    if (channels === 1) data[pixel] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    else for (let channel = 0; channel < channels; channel++) data[pixel * channels + channel] = colours[channel];
  }
  return { width, height, channels, data };
}

function perChannel(name: string, list: readonly number[] | undefined, fallback: number, channels: number): number[] {
  const values = list ?? [fallback];
  if (values.length !== 1 && values.length !== channels) {
    const wanted = channels === 1 ? 'one channel: give 1' : `${channels} channels: give 1 or ${channels}`;
    throw new CliError(`--${name} has ${values.length} numbers, but the input has ${wanted}`);
  }
  return Array.from({ length: channels }, (_, channel) => values[values.length === 1 ? 0 : channel]);
}

/**
 * Pictures of one size as one tensor of the layout; several lie along its batch axis. For an integer type the values
 * are rounded, and one out of its range is an error.
 */
export function picturesToTensor(
  pictures: readonly Picture[],
  layout: ImageLayout,
  dataType: DataType,
  options: PixelOptions,
  source: string,
): Tensor {
  const integer = INTEGER_TYPES[dataType] !== undefined;
  if (!integer && !FLOAT_TYPES[dataType]) throw new CliError(`${source} is a picture, but the input holds ${dataType}`);
  const { width, height, channels } = pictures[0];
  const scale = options.scale ?? (integer ? 1 : 1 / 255);
  const mean = perChannel('mean', options.mean, 0, channels);
  const std = perChannel('std', options.std, 1, channels);
  const planar = layout.channel !== undefined && layout.channel < layout.height;
  const count = width * height;
  const values = new Float64Array(pictures.length * count * channels);
  for (const [index, { data }] of pictures.entries()) {
    for (let channel = 0; channel < channels; channel++) {
      const from = options.bgr && channel < 3 && channels > 1 ? 2 - channel : channel;
      const start = index * count * channels + (planar ? channel * count : channel);
      const step = planar ? 1 : channels;
      for (let pixel = 0; pixel < count; pixel++) {
        const value = (data[pixel * channels + from] * scale - mean[channel]) / std[channel];
        values[start + pixel * step] = integer ? Math.round(value) : value;
      }
    }
  }
  const dims = layoutDims(layout, pictures.length, channels, height, width);
  const tensor: Tensor = { dataType: 'float64', dims, data: values };
  return integer ? wholeNumbers(tensor, dataType, source) : convertTensor(tensor, dataType, source);
}

function wholeNumbers(tensor: Tensor, dataType: DataType, source: string): Tensor {
  const { min, max, make } = INTEGER_TYPES[dataType]!;
  const values = tensor.data as Float64Array;
  const wrong = values.find((value) => !(value >= Number(min) && value <= Number(max)));
  if (wrong !== undefined) {
    throw new CliError(
      `${source} gives the value ${wrong}, which does not fit the input's type ${describeTensor(dataType, tensor.dims)}; --scale, --mean and --std move it`,
    );
  }
  const data = make(values.length);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) values.forEach((v, i) => (data[i] = BigInt(v)));
  else data.set(values);
  return { dataType, dims: tensor.dims, data };
}

function layoutDims(layout: ImageLayout, batch: number, channels: number, height: number, width: number): number[] {
  const dims = new Array<number>(layout.rank);
  dims[layout.height] = height;
  dims[layout.width] = width;
  if (layout.batch !== undefined) dims[layout.batch] = batch;
  if (layout.channel !== undefined) dims[layout.channel] = channels;
  return dims;
}
