import type { Dim } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { areNumbers, integersOf, normalizeAxes, toNumbers } from './helpers.js';
import { axisSamples, coordinateModes, nearestModes, type AxisResize, type ResizeMode } from './resize-samples.js';
import { evaluateSampling, lowerSampling } from './sampling.js';
import type { InferContext, NodeContext, Operator } from './types.js';

/** Where an operator version takes its scales, sizes and region of interest. */
interface Inputs {
  readonly roi?: number;
  readonly scales: number;
  readonly sizes?: number;
}

type ConstantOf = (index: number) => Tensor | undefined;

/** What is asked of every axis: scales, or sizes, for the axes named. */
interface Request {
  readonly axes: readonly number[];
  readonly scales?: readonly number[];
  readonly sizes?: readonly number[];
  readonly roi: readonly number[];
}

function readRequest(context: NodeContext, inputs: Inputs, rank: number, constantOf: ConstantOf): Request | undefined {
  const { attributes } = context;
  const axes = attributes.has('axes') ? normalizeAxes(context, attributes.ints('axes'), rank) : range(rank);
  const numbers = (index: number | undefined) => {
    if (index === undefined || !context.hasInput(index)) return undefined;
    const tensor = constantOf(index);
    return tensor && Array.from(toNumbers(tensor));
  };
  const roi = numbers(inputs.roi) ?? [];
  const sizes =
    inputs.sizes === undefined
      ? undefined
      : integersOf(context.hasInput(inputs.sizes) ? constantOf(inputs.sizes) : undefined);
  const scales = attributes.has('scales') ? attributes.floats('scales') : numbers(inputs.scales);
  if (sizes && sizes.length > 0) return { axes, sizes: checkLength(context, sizes, axes.length, 'sizes'), roi };
  if (scales && scales.length > 0) return { axes, scales: checkLength(context, scales, axes.length, 'scales'), roi };
  return undefined;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function checkLength(context: NodeContext, values: readonly number[], wanted: number, what: string): readonly number[] {
  if (values.length !== wanted) context.fail(`${what} has ${values.length} elements; ${wanted} axes are to be resized`);
  if (values.some((value) => !(value >= 0) || (what === 'scales' && value === 0))) {
    context.fail(`${what} [${values.join(', ')}] must be positive`);
  }
  return values;
}

/** Scale and output size along each axis of the input. */
function resizedAxes(
  context: NodeContext,
  shape: readonly number[],
  request: Request,
): { scale: number; outSize: number }[] {
  const { axes, scales, sizes } = request;
  const policy = context.attributes.string('keep_aspect_ratio_policy', 'stretch');
  const result = shape.map((size) => ({ scale: 1, outSize: size }));
  const ratios = sizes?.map((size, i) => size / shape[axes[i]]);
  const common = policy === 'not_larger' ? Math.min(...(ratios ?? [])) : Math.max(...(ratios ?? []));
  axes.forEach((axis, i) => {
    if (scales) result[axis] = { scale: scales[i], outSize: Math.floor(shape[axis] * scales[i]) };
    else if (policy === 'stretch') result[axis] = { scale: ratios![i], outSize: sizes![i] };
    else result[axis] = { scale: common, outSize: Math.floor(common * shape[axis] + 0.5) };
  });
  return result;
}

function chosen<T extends string>(context: NodeContext, attribute: string, fallback: T, known: readonly T[]): T {
  const value = context.attributes.string(attribute, fallback) as T;
  if (!known.includes(value))
    context.fail(`${attribute} "${value}" is not supported; it must be one of ${known.join(', ')}`);
  return value;
}

function axesToSample(
  context: NodeContext,
  defaults: Defaults,
  shape: readonly number[],
  request: Request,
): AxisResize[] {
  const { attributes } = context;
  const mode = chosen<ResizeMode>(context, 'mode', 'nearest', ['nearest', 'linear', 'cubic']);
  const coordinates = chosen(context, 'coordinate_transformation_mode', defaults.coordinates, coordinateModes);
  const nearestMode = chosen(context, 'nearest_mode', defaults.nearest, nearestModes);
  const isCrop = coordinates === 'tf_crop_and_resize';
  return resizedAxes(context, shape, request).flatMap(({ scale, outSize }, axis) => {
    const inSize = shape[axis];
    const at = request.axes.indexOf(axis);
    if (at < 0 || (scale === 1 && outSize === inSize && !isCrop)) return [];
    if (inSize === 0 && outSize > 0) context.fail(`an axis of size 0 cannot be resized to ${outSize}`);
    return {
      axis,
      inSize,
      outSize,
      scale,
      mode,
      coordinates,
      nearestMode,
      cubicCoefficient: attributes.float('cubic_coeff_a', -0.75),
      excludeOutside: attributes.int('exclude_outside', 0) !== 0,
      antialias: attributes.int('antialias', 0) !== 0 && mode !== 'nearest',
      roi: [request.roi[at] ?? 0, request.roi[at + request.axes.length] ?? 1] as const,
    };
  });
}

interface Defaults {
  readonly coordinates: (typeof coordinateModes)[number];
  readonly nearest: (typeof nearestModes)[number];
}

/** Before opset 11 there was one coordinate rule: x / scale, rounded down. */
const early: Defaults = { coordinates: 'asymmetric', nearest: 'floor' };
const current: Defaults = { coordinates: 'half_pixel', nearest: 'round_prefer_floor' };

function inferShape(context: InferContext, inputs: Inputs): readonly Dim[] | undefined {
  const { shape } = context.type(0);
  if (!shape) return undefined;
  const request = readRequest(context, inputs, shape.length, (i) => context.constant(i));
  const hasSizes = inputs.sizes !== undefined && context.hasInput(inputs.sizes);
  const stretches = context.attributes.string('keep_aspect_ratio_policy', 'stretch') === 'stretch';
  const symbolic = hasSizes && stretches && !context.attributes.has('axes') ? context.dims(inputs.sizes!) : undefined;
  if (!request) return symbolic ?? shape.map(() => context.unknown());
  if (areNumbers(shape)) return resizedAxes(context, shape, request).map(({ outSize }) => outSize);
  return shape.map((dim, axis) => {
    const at = request.axes.indexOf(axis);
    if (at < 0 || request.scales?.[at] === 1) return dim;
    if (request.sizes && stretches) return request.sizes[at];
    return typeof dim === 'number' && request.scales ? Math.floor(dim * request.scales[at]) : context.unknown();
  });
}

function resizeOperator(type: 'Resize' | 'Upsample', since: number, inputs: Inputs, defaults: Defaults): Operator {
  const samplesOf = (context: NodeContext, shape: readonly number[], constantOf: ConstantOf) => {
    const request = readRequest(context, inputs, shape.length, constantOf);
    if (!request) return context.fail('its scales or sizes depend on the inputs, which is not supported');
    const axes = axesToSample(context, defaults, shape, request);
    return { axes, samples: axes.map(axisSamples) };
  };
  return {
    type,
    domain: '',
    since,
    infer: (context) => [{ dataType: context.type(0).dataType, shape: inferShape(context, inputs) }],
    evaluate(context) {
      const input = context.input(0);
      const { samples } = samplesOf(context, input.dims, (i) => context.optional(i));
      const shape = input.dims.map((size, axis) => {
        const sampled = samples.find((s) => s.axis === axis);
        return sampled ? sampled.indices.length / sampled.taps : size;
      });
      return [evaluateSampling(input, shape, samples, context.attributes.float('extrapolation_value', 0))];
    },
    lower(context) {
      const { axes, samples } = samplesOf(context, context.type(0).shape, (i) => context.constant(i));
      const { elementType, dataType } = context.input(0);
      if (samples.length === 0) return context.output(0, context.input(0));
      const isFloat = elementType === 'f32' || elementType === 'f16';
      if (!isFloat && samples.some((s) => s.weights))
        context.fail(`interpolation of ${dataType} is not supported; use mode nearest`);
      lowerSampling(
        context,
        samples,
        `resize ${JSON.stringify(axes)}`,
        context.attributes.float('extrapolation_value', 0),
      );
    },
  };
}

/** Resize, and Upsample, which it replaced. */
export const resizeOperators: readonly Operator[] = [
  resizeOperator('Upsample', 7, { scales: 1 }, early),
  resizeOperator('Upsample', 9, { scales: 1 }, early),
  resizeOperator('Resize', 10, { scales: 1 }, early),
  resizeOperator('Resize', 11, { roi: 1, scales: 2, sizes: 3 }, current),
];
