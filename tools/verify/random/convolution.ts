import type { AttributeSpec } from '../../testing/index.js';
import { count, type Builder, type Value } from './builder.js';
import type { Step } from './elementwise.js';
import type { Random } from './random.js';

function isImage(x: Value, most: number): boolean {
  const spatial = x.dims.length - 2;
  return x.kind === 'float32' && x.bound <= most && spatial >= 1 && spatial <= 2 && count(x.dims) > 0;
}

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly out: readonly number[];
}

/** A window that fits; undefined where the one drawn does not. */
function windowFor(random: Random, spatial: readonly number[], mayPad = true, mayDilate = true): Window | undefined {
  const kernel = spatial.map(() => random.int(1, 3));
  const strides = spatial.map(() => random.int(1, 2));
  const dilations = spatial.map(() => (mayDilate && random.chance(0.3) ? 2 : 1));
  const pads = [...kernel, ...kernel].map((size) => (mayPad ? random.int(0, size - 1) : 0));
  const out = spatial.map((size, i) => {
    const extent = (kernel[i] - 1) * dilations[i] + 1;
    return Math.floor((size + pads[i] + pads[spatial.length + i] - extent) / strides[i]) + 1;
  });
  return out.every((size) => size >= 1) ? { kernel, strides, dilations, pads, out } : undefined;
}

const attributesOf = ({ kernel, strides, dilations, pads }: Window) => ({
  kernel_shape: kernel,
  strides,
  dilations,
  pads,
});

function groupsOf(random: Random, channels: number): number {
  return random.pick([1, 1, channels, ...(channels % 2 === 0 ? [2] : [])]);
}

const conv: Step = ({ random, add, constant }, x) => {
  if (!isImage(x, 20)) return undefined;
  const [batch, channels, ...spatial] = x.dims;
  const window = windowFor(random, spatial);
  if (!window) return undefined;
  const group = groupsOf(random, channels);
  const outChannels = group * random.int(1, 4);
  const weights = constant('float32', [outChannels, channels / group, ...window.kernel], [-1, 1]);
  const bias = constant('float32', [outChannels], [-1, 1]);
  const bound = x.bound * (channels / group) * count(window.kernel) + 1;
  const result = { kind: x.kind, dims: [batch, outChannels, ...window.out], bound, isExact: false };
  return add('Conv', [x, weights, ...(random.chance(0.5) ? [bias] : [])], [result], { ...attributesOf(window), group });
};

const convTranspose: Step = ({ random, add, constant }, x) => {
  if (!isImage(x, 20)) return undefined;
  const [batch, channels, ...spatial] = x.dims;
  const kernel = spatial.map(() => random.int(1, 3));
  const strides = spatial.map(() => random.int(1, 2));
  const pads = [...kernel, ...kernel].map((size) => random.int(0, Math.floor((size - 1) / 2)));
  const out = spatial.map((size, i) => (size - 1) * strides[i] + kernel[i] - pads[i] - pads[spatial.length + i]);
  if (out.some((size) => size < 1)) return undefined;
  const group = groupsOf(random, channels);
  const perGroup = random.int(1, 3);
  const weights = constant('float32', [channels, perGroup, ...kernel], [-1, 1]);
  const bound = x.bound * (channels / group) * count(kernel);
  const result = { kind: x.kind, dims: [batch, group * perGroup, ...out], bound, isExact: false };
  return add('ConvTranspose', [x, weights], [result], { kernel_shape: kernel, strides, pads, group });
};

const pool: Step = ({ random, add }, x) => {
  if (!isImage(x, Infinity)) return undefined;
  const opType = random.pick(['MaxPool', 'AveragePool']);
  const window = windowFor(random, x.dims.slice(2), true, opType === 'MaxPool');
  if (!window) return undefined;
  const { dilations, ...attributes } = attributesOf(window);
  const dims = [...x.dims.slice(0, 2), ...window.out];
  const isMax = opType === 'MaxPool';
  const further: Readonly<Record<string, AttributeSpec>> = isMax
    ? { dilations }
    : { count_include_pad: random.int(0, 1) };
  return add(opType, [x], [{ ...x, dims, isExact: isMax && x.isExact }], { ...attributes, ...further });
};

const globalPool: Step = ({ random, add }, x) => {
  if (!isImage(x, Infinity)) return undefined;
  const opType = random.pick(['GlobalAveragePool', 'GlobalMaxPool']);
  const dims = [...x.dims.slice(0, 2), ...x.dims.slice(2).map(() => 1)];
  return add(opType, [x], [{ ...x, dims, isExact: opType === 'GlobalMaxPool' && x.isExact }]);
};

const batchNormalization: Step = ({ add, constant }, x) => {
  if (!isImage(x, 50)) return undefined;
  const channels = [x.dims[1]];
  const parameters = (
    [
      [0.5, 1.5],
      [-1, 1],
      [-1, 1],
      [0.5, 2],
    ] as const
  ).map((range) => constant('float32', channels, range));
  const result = { ...x, bound: 2.2 * (x.bound + 1) + 1, isExact: false };
  return add('BatchNormalization', [x, ...parameters], [result]);
};

const resize: Step = ({ random, add, vector }, x) => {
  if (!isImage(x, Infinity) || x.dims.length !== 4) return undefined;
  const dims = [...x.dims.slice(0, 2), ...x.dims.slice(2).map((size) => size * random.int(1, 3))];
  const mode = random.pick(['nearest', 'linear']);
  const attributes = {
    mode,
    coordinate_transformation_mode: random.pick(['half_pixel', 'asymmetric']),
    nearest_mode: 'floor',
  };
  const isExact = mode === 'nearest' && x.isExact;
  return add('Resize', [x, '', '', vector(dims)], [{ ...x, dims, isExact }], attributes);
};

const depthToSpace: Step = ({ random, add }, x) => {
  if (x.dims.length !== 4 || x.kind !== 'float32' || x.dims[1] % 4 !== 0 || count(x.dims) === 0) return undefined;
  const [batch, channels, height, width] = x.dims;
  const attributes = { blocksize: 2, mode: random.pick(['DCR', 'CRD']) };
  return add('DepthToSpace', [x], [{ ...x, dims: [batch, channels / 4, 2 * height, 2 * width] }], attributes);
};

function matrixOf({ random, constant }: Builder, x: Value, n: number): Value {
  const batch = random.chance(0.5) ? [] : x.dims.slice(0, -2).map((size) => (random.chance(0.3) ? 1 : size));
  return constant('float32', [...batch, x.dims.at(-1)!, n], [-1, 1]);
}

const matMul: Step = (builder, x) => {
  const { random, add } = builder;
  if (x.kind !== 'float32' || x.dims.length < 1 || x.bound > 20 || x.dims.at(-1) === 0) return undefined;
  const n = random.int(1, 6);
  const isVector = x.dims.length === 1;
  const other = isVector ? builder.constant('float32', [x.dims[0], n], [-1, 1]) : matrixOf(builder, x, n);
  const bound = x.bound * Math.max(1, x.dims.at(-1)!);
  return add('MatMul', [x, other], [{ ...x, dims: [...x.dims.slice(0, -1), n], bound, isExact: false }]);
};

const gemm: Step = ({ random, add, constant }, x) => {
  if (x.kind !== 'float32' || x.dims.length !== 2 || x.bound > 20 || count(x.dims) === 0) return undefined;
  const [transA, transB] = [random.int(0, 1), random.int(0, 1)];
  const [m, k] = transA ? [x.dims[1], x.dims[0]] : x.dims;
  const n = random.int(1, 6);
  const b = constant('float32', transB ? [n, k] : [k, n], [-1, 1]);
  const c = constant('float32', random.pick([[n], [m, n], [m, 1], []]), [-1, 1]);
  const result = { ...x, dims: [m, n], bound: x.bound * k + 1, isExact: false };
  return add('Gemm', [x, b, ...(random.chance(0.7) ? [c] : [])], [result], {
    transA,
    transB,
    alpha: { type: 'float', value: 0.5 },
    beta: { type: 'float', value: 0.25 },
  });
};

/** Convolutions, pooling and matrix products. */
export const convolutionSteps: readonly Step[] = [
  conv,
  conv,
  conv,
  convTranspose,
  pool,
  pool,
  globalPool,
  batchNormalization,
  resize,
  depthToSpace,
  matMul,
  matMul,
  gemm,
];
