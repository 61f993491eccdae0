import type { Dim } from '../graph.js';
import { outsideIndex, resizeEmission } from '../kernels/resize.js';
import type { Tensor } from '../tensor.js';
import { rowMajorStrides } from './elementwise.js';
import { fromNumbers, isInteger, multiplyDims, normalizeAxes, productOfDims, toNumbers } from './helpers.js';
import { resizeTaps, type AxisScale, type ResizeSettings, type Taps } from './resize-taps.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

/** Where a version of Resize or Upsample keeps its scales, sizes and region; absent where it has none. */
interface Form {
  readonly scales?: number;
  readonly sizes?: number;
  readonly region?: number;
  /** Scales are the attribute `scales`. */
  readonly isAttribute?: boolean;
  readonly settings: (context: NodeContext) => ResizeSettings;
}

const modes: Readonly<Record<string, ResizeSettings['mode']>> = {
  nearest: 'nearest',
  linear: 'linear',
  bilinear: 'linear',
  cubic: 'cubic',
};

function modeOf(context: NodeContext): ResizeSettings['mode'] {
  const mode = context.attributes.string('mode', 'nearest');
  return modes[mode] ?? context.fail(`mode is "${mode}"; it must be nearest, linear or cubic`);
}

/** Upsample and Resize 10 know no coordinate modes. */
function earlySettings(context: NodeContext): ResizeSettings {
  return {
    mode: modeOf(context),
    coordinates: 'asymmetric',
    nearestMode: 'simple',
    cubicCoefficient: -0.75,
    excludeOutside: false,
    extrapolation: 0,
    antialias: false,
  };
}

function settings(context: NodeContext): ResizeSettings {
  const { attributes } = context;
  return {
    mode: modeOf(context),
    coordinates: attributes.string('coordinate_transformation_mode', 'half_pixel'),
    nearestMode: attributes.string('nearest_mode', 'round_prefer_floor'),
    cubicCoefficient: attributes.float('cubic_coeff_a', -0.75),
    excludeOutside: attributes.int('exclude_outside', 0) === 1,
    extrapolation: attributes.float('extrapolation_value', 0),
    antialias: attributes.int('antialias', 0) === 1,
  };
}

function axesOf(context: NodeContext, rank: number): readonly number[] {
  const { attributes } = context;
  const all = Array.from({ length: rank }, (_, i) => i);
  return attributes.has('axes') ? normalizeAxes(context, attributes.ints('axes'), rank) : all;
}

function checkCount(context: NodeContext, name: string, count: number, axes: readonly number[]): void {
  if (count !== axes.length) context.fail(`${name} has ${count} values; ${axes.length} dimensions need ${axes.length}`);
}

type Read = (index: number | undefined) => readonly number[] | undefined;

/** Values of an input; undefined where it is absent or empty, which means the same. */
function reader(context: NodeContext, constant: (index: number) => Tensor | undefined): Read {
  return (index) => {
    if (index === undefined || !context.hasInput(index)) return undefined;
    const tensor = constant(index) ?? context.fail(`input ${index} depends on data; it must be constant`);
    return tensor.data.length === 0 ? undefined : Array.from(toNumbers(tensor));
  };
}

function axisScales(context: NodeContext, form: Form, shape: readonly number[], read: Read): AxisScale[] {
  const axes = axesOf(context, shape.length);
  const sizes = read(form.sizes);
  const scales = form.isAttribute ? context.attributes.floats('scales') : read(form.scales);
  const region = read(form.region);
  if (!sizes && !scales) return context.fail('neither scales nor sizes are given');
  checkCount(context, sizes ? 'sizes' : 'scales', (sizes ?? scales!).length, axes);
  const kept = sizes && aspectScale(context, shape, axes, sizes);
  return axes.map((axis, i) => {
    const input = shape[axis];
    const stated = sizes ? (kept ?? sizes[i] / input) : scales![i];
    const output = sizes
      ? kept
        ? Math.floor(kept * input + 0.5)
        : sizes[i]
      : Math.floor(Math.fround(input * Math.fround(stated)));
    if (!(stated > 0) || !(output >= 0))
      context.fail(`dimension ${axis} of size ${input} cannot be scaled by ${stated}`);
    return { axis, input, output, scale: stated, region: [region?.[i] ?? 0, region?.[i + axes.length] ?? 1] };
  });
}

/** The one scale that keep_aspect_ratio_policy gives all axes; undefined for "stretch". */
function aspectScale(
  context: NodeContext,
  shape: readonly number[],
  axes: readonly number[],
  sizes: readonly number[],
): number | undefined {
  const policy = context.attributes.string('keep_aspect_ratio_policy', 'stretch');
  const ratios = axes.map((axis, i) => sizes[i] / shape[axis]);
  if (policy === 'stretch') return undefined;
  if (policy === 'not_larger') return Math.min(...ratios);
  return policy === 'not_smaller'
    ? Math.max(...ratios)
    : context.fail(`keep_aspect_ratio_policy "${policy}" is not known`);
}

function resizedShape(shape: readonly number[], scales: readonly AxisScale[]): number[] {
  const result = [...shape];
  for (const { axis, output } of scales) result[axis] = output;
  return result;
}

/** Axes along which anything happens. */
function activeScales(settings: ResizeSettings, scales: readonly AxisScale[]): readonly AxisScale[] {
  const isCrop = settings.coordinates === 'tf_crop_and_resize';
  return scales.filter(({ input, output, scale, region }) =>
    isCrop ? input !== output || region[0] !== 0 || region[1] !== 1 : input !== output || scale !== 1,
  );
}

function inferResize(form: Form, context: InferContext): readonly InferResult[] {
  const { dataType, shape } = context.type(0);
  if (!shape) return [{ dataType }];
  const constants = [form.scales, form.sizes].every(
    (index) => index === undefined || !context.hasInput(index) || context.constant(index),
  );
  if (constants && shape.every((size) => typeof size === 'number')) {
    const read = reader(context, (index) => context.constant(index));
    const scales = axisScales(context, { ...form, region: undefined }, shape as readonly number[], read);
    return [{ dataType, shape: resizedShape(shape as readonly number[], scales) }];
  }
  return [{ dataType, shape: symbolicShape(form, context, shape) }];
}

function symbolicShape(form: Form, context: InferContext, shape: readonly Dim[]): readonly Dim[] {
  const axes = axesOf(context, shape.length);
  const result = shape.map((size, axis) => (axes.includes(axis) ? undefined : size));
  const policy = context.attributes.string('keep_aspect_ratio_policy', 'stretch');
  const given = form.sizes !== undefined && context.hasInput(form.sizes) ? context.dims(form.sizes) : undefined;
  const sizes = policy === 'stretch' && given?.length === axes.length ? given : undefined;
  const constant =
    form.scales !== undefined && context.hasInput(form.scales) ? context.constant(form.scales) : undefined;
  const scales = form.isAttribute ? context.attributes.floats('scales') : constant && toNumbers(constant);
  axes.forEach((axis, i) => {
    const scale = scales?.[i];
    const isWhole = scale !== undefined && Number.isInteger(scale);
    result[axis] = sizes?.[i] ?? (isWhole ? multiplyDims(shape[axis], scale) : context.unknown());
  });
  return result as Dim[];
}

/** Resamples one axis of a row-major array. */
function resample(
  values: Float64Array,
  shape: readonly number[],
  { axis, output }: AxisScale,
  taps: Taps,
  outside: number,
) {
  const inner = rowMajorStrides(shape)[axis];
  const outer = productOfDims(shape.slice(0, axis)) as number;
  const result = new Float64Array(outer * output * inner);
  for (let at = 0; at < result.length; at++) {
    const [o, i, k] = [Math.floor(at / (output * inner)), Math.floor(at / inner) % output, at % inner];
    for (let t = i * taps.count; t < (i + 1) * taps.count; t++) {
      const index = taps.indices[t];
      const value = index < 0 ? outside : values[(o * shape[axis] + index) * inner + k];
      result[at] += taps.weights[t] * value;
    }
  }
  return result;
}

function evaluateResize(form: Form, context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const sampling = form.settings(context);
  const scales = axisScales(
    context,
    form,
    x.dims,
    reader(context, (index) => context.optional(index)),
  );
  let values = toNumbers(x);
  let shape = x.dims;
  for (const scale of activeScales(sampling, scales)) {
    values = resample(values, shape, scale, resizeTaps(context, sampling, scale), sampling.extrapolation);
    shape = resizedShape(shape, [scale]);
  }
  return [fromNumbers(x.dataType, shape, values)];
}

function lowerResize(form: Form, context: LowerContext): void {
  const x = context.input(0);
  const sampling = form.settings(context);
  const scales = axisScales(
    context,
    form,
    x.shape,
    reader(context, (index) => context.constant(index)),
  );
  const active = activeScales(sampling, scales);
  if (active.length === 0) return context.output(0, x);
  if (sampling.mode !== 'nearest' && isInteger(x.dataType))
    context.fail(`mode ${sampling.mode} of ${x.dataType} is not supported`);
  // Before the table, which is long where the output is: an output too large for the adapter is refused here.
  const y = context.allocate(context.outputType(0), context.layoutOf(x) ?? 'row-major');
  const taps = active.map((scale) => resizeTaps(context, sampling, scale));
  const words = new Uint32Array(taps.reduce((sum, { indices }) => sum + 2 * indices.length, 0));
  let start = 0;
  const axes = active.map(({ axis }, i) => {
    const { count, indices, weights } = taps[i];
    const bits = new Uint32Array(weights.buffer);
    indices.forEach((index, t) => words.set([index < 0 ? outsideIndex : index, bits[t]], start + 2 * t));
    const entry = { axis, taps: count, start };
    start += 2 * indices.length;
    return entry;
  });
  const table = context.table(`resize/${JSON.stringify([sampling, active])}`, 'u32', words);
  const isCrop = sampling.coordinates === 'tf_crop_and_resize';
  const extrapolation = isCrop ? sampling.extrapolation : undefined;
  const problem = { x, y, axes, table, isNearest: sampling.mode === 'nearest', extrapolation };
  context.emit(resizeEmission(problem, context.profile));
  context.output(0, y);
}

function resizeOperator(type: string, since: number, form: Form): Operator {
  return {
    type,
    domain: '',
    since,
    valueInputs: [1, 2, 3],
    infer: (context) => inferResize(form, context),
    evaluate: (context) => evaluateResize(form, context),
    lower: (context) => lowerResize(form, context),
  };
}

/** Resize and its predecessor Upsample. */
export const resizeOperators: readonly Operator[] = [
  resizeOperator('Upsample', 7, { isAttribute: true, settings: earlySettings }),
  resizeOperator('Upsample', 9, { scales: 1, settings: earlySettings }),
  resizeOperator('Resize', 10, { scales: 1, settings: earlySettings }),
  resizeOperator('Resize', 11, { region: 1, scales: 2, sizes: 3, settings }),
];
