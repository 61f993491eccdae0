import { convOutputSize } from '../../geometry.js';
import { implicitConv, implicitParams } from '../../implicit.js';
import type { Dispatch } from '../../plan.js';
import type { ConvProblem } from '../../problem.js';
import { enables, inputStorageType, storageType } from '../../wgsl/fragments.js';
import { shader, type Param } from '../../wgsl/shader.js';

/** How an input of few channels lies when it is packed for a convolution of rows. Counts of elements. */
export interface RowLayout {
  /** Of a pixel, padded so that a step of the filter is a whole number of vectors. */
  readonly channels: number;
  /** That a row of the filter sees, padded likewise. */
  readonly span: number;
  /** From one output to the next. */
  readonly step: number;
  readonly width: number;
  /** Rows, with those of the padding that a filter reaches. */
  readonly height: number;
  /** Of all images. */
  readonly elements: number;
}

/** Elements of the widest load. */
const widest = 8;

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

export function rowLayout(p: ConvProblem): RowLayout {
  const { height: outHeight, width: outWidth } = convOutputSize(p);
  let channels = p.inChannels;
  while ((channels * p.strideWidth) % 4 !== 0) channels += 1;
  const step = channels * p.strideWidth;
  const span = roundUp(channels * p.kernelWidth, step % widest === 0 ? widest : 4);
  const width = roundUp((outWidth - 1) * step + span, widest);
  const height = (outHeight - 1) * p.strideHeight + (p.kernelHeight - 1) * p.dilationHeight + 1;
  return { channels, span, step, width, height, elements: p.batch * height * width };
}

/** The convolution of packed rows: a filter one column wide over as many channels as a row of the filter sees. */
export function rowConv(p: ConvProblem, { span, step, width, height }: RowLayout): ConvProblem {
  return {
    ...p,
    f32Input: false,
    inChannels: span,
    inHeight: height,
    inWidth: convOutputSize(p).width,
    kernelWidth: 1,
    strideWidth: 1,
    padTop: 0,
    padLeft: 0,
    padBottom: 0,
    padRight: 0,
    input: { offset: 0, strides: [height * width, 1, width, step] },
  };
}

/** OIHW weights as those of the convolution of rows, zero for what pads a row. */
export function widenWeights(p: ConvProblem, { channels, span }: RowLayout, values: Float32Array): Float32Array {
  const { outChannels, inChannels, kernelHeight, kernelWidth } = p;
  const wide = new Float32Array(outChannels * span * kernelHeight);
  let from = 0;
  for (let o = 0; o < outChannels; o++) {
    for (let c = 0; c < inChannels; c++) {
      for (let y = 0; y < kernelHeight; y++) {
        for (let x = 0; x < kernelWidth; x++) wide[(o * span + x * channels + c) * kernelHeight + y] = values[from++];
      }
    }
  }
  return wide;
}

const threads = 64;

export function packRowsGrid({ batch }: ConvProblem, { width, height }: RowLayout): readonly [number, number, number] {
  return [Math.ceil(width / 4 / threads), height, batch];
}

/** Packs the input: each thread writes four elements of a row, zero in the padding and beyond the channels. */
export function packRowsDispatch(problem: ConvProblem, layout: RowLayout): Dispatch {
  const p = implicitConv(problem);
  const { elementType } = problem;
  const params: Param[] = [
    ...implicitParams(p),
    { name: 'row_vectors', type: 'u32', value: layout.width / 4 },
    { name: 'row_channels', type: 'u32', value: layout.channels },
    { name: 'row_height', type: 'u32', value: layout.height },
  ];
  const kernel = shader({
    label: 'pack-rows',
    enables: enables(elementType),
    bindings: [
      { name: 'input', access: 'read', type: `array<${inputStorageType(p, 1)}>` },
      { name: 'rows', access: 'read_write', type: `array<${storageType(elementType, 4)}>` },
    ],
    params,
    workgroupSize: [threads, 1, 1],
    body: `
if (global_id.x < params.row_vectors) {
  let y = i32(workgroup_id.y) - params.pad_top;
  let is_row = y >= 0 && y < params.in_height;
  let at = params.x_offset + workgroup_id.z * params.x_n + select(0u, u32(y), is_row) * params.x_y;
  var values = vec4f(0.0);
  for (var i = 0u; i < 4u; i++) {
    let element = global_id.x * 4u + i;
    let pixel = element / params.row_channels;
    let c = element - pixel * params.row_channels;
    let x = i32(pixel) - params.pad_left;
    if (is_row && x >= 0 && x < params.in_width && c < params.channels) {
      values[i] = f32(input[at + u32(x) * params.x_x + c * params.x_c]);
    }
  }
  rows[(workgroup_id.z * params.row_height + workgroup_id.y) * params.row_vectors + global_id.x] = ${storageType(elementType, 4)}(values);
}`,
  });
  return { kernel, workgroups: packRowsGrid(problem, layout), params, operands: ['input', 'scratch'] };
}
