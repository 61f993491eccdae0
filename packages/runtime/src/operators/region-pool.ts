import { maxRoiPoolEmission, maxSamples, roiAlignEmission, type RoiAlignSettings } from '../kernels/region-pool.js';
import type { Tensor } from '../tensor.js';
import { showDims } from './helpers.js';
import { forEachIndex, product } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

function alignSettings(context: NodeContext): RoiAlignSettings {
  const { attributes } = context;
  const mode = attributes.string('mode', 'avg');
  if (mode !== 'avg' && mode !== 'max') context.fail(`mode is "${mode}"; it must be avg or max`);
  const fallback = context.opset < 16 ? 'output_half_pixel' : 'half_pixel';
  const transformation = attributes.string('coordinate_transformation_mode', fallback);
  if (transformation !== 'half_pixel' && transformation !== 'output_half_pixel') {
    context.fail(`coordinate_transformation_mode is "${transformation}"; it must be half_pixel or output_half_pixel`);
  }
  const samples = attributes.int('sampling_ratio', 0);
  if (samples > maxSamples) context.fail(`sampling_ratio is ${samples}; it must be at most ${maxSamples}`);
  return {
    mode: mode as RoiAlignSettings['mode'],
    samples,
    scale: attributes.float('spatial_scale', 1),
    isHalfPixel: transformation === 'half_pixel',
  };
}

function alignedSize({ attributes }: NodeContext): readonly [number, number] {
  return [attributes.int('output_height', 1), attributes.int('output_width', 1)];
}

function pooledSize(context: NodeContext): readonly [number, number] {
  const size = context.attributes.ints('pooled_shape');
  return size.length === 2 ? [size[0], size[1]] : context.fail(`pooled_shape has ${size.length} numbers; 2 are right`);
}

function inferRegions(size: (context: NodeContext) => readonly [number, number], columns: number) {
  return (context: InferContext): readonly InferResult[] => {
    const [{ dataType, shape }, rois] = [context.type(0), context.type(1).shape];
    if (!shape || !rois) return [{ dataType }];
    if (shape.length !== 4 || rois.length !== 2 || (typeof rois[1] === 'number' && rois[1] !== columns)) {
      context.fail(`X ${showDims(shape)} must have rank 4 and the regions ${showDims(rois)} ${columns} columns`);
    }
    return [{ dataType, shape: [rois[0], shape[1], ...size(context)] }];
  };
}

/** One sample of a plane: its bilinear value, or the largest of its four weighted elements. */
function sampleAt(
  values: Float64Array,
  first: number,
  plane: readonly number[],
  at: readonly number[],
  isMax: boolean,
): number {
  if (!at.every((value, axis) => value >= -1 && value <= plane[axis])) return 0;
  const [rows, columns] = at.map((value, axis) => {
    const position = Math.max(value, 0);
    const low = Math.min(Math.floor(position), plane[axis] - 1);
    const part = low === plane[axis] - 1 ? 0 : position - low;
    return [
      { index: low, weight: 1 - part },
      { index: Math.min(low + 1, plane[axis] - 1), weight: part },
    ];
  });
  const terms = rows.flatMap((row) =>
    columns.map((column) => row.weight * column.weight * values[first + row.index * plane[1] + column.index]),
  );
  return isMax ? Math.max(...terms) : terms.reduce((sum, term) => sum + term, 0);
}

function evaluateAlign(context: EvaluateContext): readonly Tensor[] {
  const [x, rois, batches] = [0, 1, 2].map((index) => context.input(index));
  const { mode, samples, scale, isHalfPixel } = alignSettings(context);
  const size = alignedSize(context);
  const dims = [rois.dims[0], x.dims[1], ...size];
  const plane = x.dims.slice(2);
  const [values, corners, indices] = [x, rois, batches].map(toNumbers);
  const shift = isHalfPixel ? 0.5 : 0;
  const y = new Float64Array(product(dims));
  forEachIndex(dims, ([region, channel, ...bin], flat) => {
    const [left, top, right, bottom] = Array.from({ length: 4 }, (_, i) => corners[4 * region + i] * scale - shift);
    const starts = [top, left];
    const extents = [bottom - top, right - left].map((extent) => (isHalfPixel ? extent : Math.max(extent, 1)));
    const steps = extents.map((extent, axis) => extent / size[axis]);
    const counts = steps.map((step) => (samples > 0 ? samples : Math.min(maxSamples, Math.max(0, Math.ceil(step)))));
    const first = (indices[region] * x.dims[1] + channel) * product(plane);
    const found: number[] = [];
    forEachIndex(counts, (sample) => {
      const at = sample.map((k, axis) => starts[axis] + (bin[axis] + (k + 0.5) / counts[axis]) * steps[axis]);
      found.push(sampleAt(values, first, plane, at, mode === 'max'));
    });
    if (found.length > 0) {
      y[flat] = mode === 'max' ? Math.max(...found) : found.reduce((sum, value) => sum + value, 0) / found.length;
    }
  });
  return [fromNumbers(x.dataType, dims, y)];
}

function lowerAlign(context: LowerContext): void {
  const [x, rois, batches] = [0, 1, 2].map((index) => context.input(index));
  const y = context.allocate(context.outputType(0));
  context.emit(roiAlignEmission({ x, rois, batches, y }, alignSettings(context), context.profile));
  context.output(0, y);
}

function evaluatePool(context: EvaluateContext): readonly Tensor[] {
  const [x, rois] = [context.input(0), context.input(1)];
  const size = pooledSize(context);
  const scale = context.attributes.float('spatial_scale', 1);
  const dims = [rois.dims[0], x.dims[1], ...size];
  const plane = x.dims.slice(2);
  const [values, regions] = [toNumbers(x), toNumbers(rois)];
  const y = new Float64Array(product(dims));
  forEachIndex(dims, ([region, channel, ...bin], flat) => {
    const [batch, ...corners] = Array.from({ length: 5 }, (_, i) => regions[5 * region + i]);
    const [left, top, right, bottom] = corners.map((value) => Math.floor(value * scale + 0.5));
    const ranges = [
      [top, bottom],
      [left, right],
    ].map(([start, end], axis) => {
      const extent = Math.max(end - start + 1, 1);
      const edge = (value: number) => Math.min(plane[axis], Math.max(0, value + start));
      return [
        edge(Math.floor((bin[axis] * extent) / size[axis])),
        edge(Math.ceil(((bin[axis] + 1) * extent) / size[axis])),
      ];
    });
    let most = -Infinity;
    for (let r = ranges[0][0]; r < ranges[0][1]; r++) {
      for (let c = ranges[1][0]; c < ranges[1][1]; c++) {
        most = Math.max(most, values[((batch * x.dims[1] + channel) * plane[0] + r) * plane[1] + c]);
      }
    }
    y[flat] = most === -Infinity ? 0 : most;
  });
  return [fromNumbers(x.dataType, dims, y)];
}

function lowerPool(context: LowerContext): void {
  const [x, rois] = [context.input(0), context.input(1)];
  const y = context.allocate(context.outputType(0));
  context.emit(maxRoiPoolEmission({ x, rois, y }, context.attributes.float('spatial_scale', 1), context.profile));
  context.output(0, y);
}

/** Pooling of regions of a picture's features. */
export const regionPoolOperators: readonly Operator[] = [
  {
    type: 'RoiAlign',
    domain: '',
    since: 10,
    infer: inferRegions(alignedSize, 4),
    evaluate: evaluateAlign,
    lower: lowerAlign,
  },
  {
    type: 'MaxRoiPool',
    domain: '',
    since: 1,
    infer: inferRegions(pooledSize, 5),
    evaluate: evaluatePool,
    lower: lowerPool,
  },
];
