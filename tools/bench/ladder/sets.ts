import { convOutputSize, type ConvProblem } from '@tessera/conv-kernels';

/** A convolution layer, square and padded so that stride 1 keeps the size. */
export interface Layer {
  readonly name: string;
  /** How often the network has it. */
  readonly count: number;
  readonly channels: readonly [number, number];
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly groups: number;
  readonly hasResidual: boolean;
  readonly isNchw: boolean;
}

interface Extras {
  readonly count?: number;
  readonly stride?: number;
  readonly depthwise?: boolean;
  readonly residual?: boolean;
  readonly nchw?: boolean;
}

function layer(kernel: number, channels: readonly [number, number], size: number, extras: Extras = {}): Layer {
  const { count = 1, stride = 1, depthwise = false, residual = false, nchw = false } = extras;
  const what = depthwise ? `depthwise ${channels[0]}` : `${channels[0]}->${channels[1]}`;
  const name = `${kernel}x${kernel} ${what} at ${size}${stride > 1 ? ` stride ${stride}` : ''}${residual ? ' +' : ''}`;
  const groups = depthwise ? channels[0] : 1;
  return { name, count, channels, size, kernel, stride, groups, hasResidual: residual, isNchw: nchw };
}

const depthwise = (kernel: number, channels: number, size: number, extras: Extras = {}): Layer =>
  layer(kernel, [channels, channels], size, { ...extras, depthwise: true });

/** Every distinct convolution of torchvision's ResNet-50; `+` marks those whose epilogue adds a residual. */
const resnet50: readonly Layer[] = [
  layer(7, [3, 64], 224, { stride: 2, nchw: true }),
  layer(1, [64, 64], 56),
  layer(3, [64, 64], 56, { count: 3 }),
  layer(1, [64, 256], 56),
  layer(1, [64, 256], 56, { count: 3, residual: true }),
  layer(1, [256, 64], 56, { count: 2 }),
  layer(1, [256, 128], 56),
  layer(3, [128, 128], 56, { stride: 2 }),
  layer(1, [256, 512], 56, { stride: 2 }),
  layer(1, [128, 512], 28, { count: 4, residual: true }),
  layer(1, [512, 128], 28, { count: 3 }),
  layer(3, [128, 128], 28, { count: 3 }),
  layer(1, [512, 256], 28),
  layer(3, [256, 256], 28, { stride: 2 }),
  layer(1, [512, 1024], 28, { stride: 2 }),
  layer(1, [256, 1024], 14, { count: 6, residual: true }),
  layer(1, [1024, 256], 14, { count: 5 }),
  layer(3, [256, 256], 14, { count: 5 }),
  layer(1, [1024, 512], 14),
  layer(3, [512, 512], 14, { stride: 2 }),
  layer(1, [1024, 2048], 14, { stride: 2 }),
  layer(1, [512, 2048], 7, { count: 3, residual: true }),
  layer(1, [2048, 512], 7, { count: 2 }),
  layer(3, [512, 512], 7, { count: 2 }),
];

/** The depthwise layers of MobileNetV1 and, with kernels of 5, of MobileNetV3. */
const mobilenet: readonly Layer[] = [
  depthwise(3, 32, 112),
  depthwise(3, 64, 112, { stride: 2 }),
  depthwise(3, 128, 56),
  depthwise(3, 128, 56, { stride: 2 }),
  depthwise(3, 256, 28),
  depthwise(3, 512, 14, { count: 5 }),
  depthwise(3, 512, 14, { stride: 2 }),
  depthwise(3, 1024, 7),
  depthwise(5, 72, 56, { stride: 2 }),
  depthwise(5, 120, 28, { count: 2 }),
  depthwise(5, 672, 14, { stride: 2 }),
];

/** Kernels of growing size, dense and depthwise, to find where transforms begin to pay. */
const largeKernel: readonly Layer[] = [
  ...[11, 17, 25, 31, 41, 51].map((kernel) => layer(kernel, [16, 16], 56)),
  ...[7, 11, 17, 25, 31, 41, 51].map((kernel) => depthwise(kernel, 64, 56)),
];

const firstLayer: readonly Layer[] = [
  layer(7, [3, 64], 224, { stride: 2, nchw: true }),
  layer(3, [3, 32], 224, { stride: 2, nchw: true }),
  layer(3, [3, 64], 224, { nchw: true }),
];

/** Layers by the names of `--set`. */
export const layerSets = {
  resnet50,
  mobilenet,
  'large-kernel': largeKernel,
  'first-layer': firstLayer,
} as const satisfies Readonly<Record<string, readonly Layer[]>>;

export type SetName = keyof typeof layerSets;

/** The layer of that name; of one with a residual, also as it is without. Throws where no set has it. */
export function layerNamed(name: string): Layer {
  const all = Object.values(layerSets).flat();
  const found = all.find((layer) => layer.name === name);
  if (found) return found;
  const withResidual = all.find((layer) => layer.name === `${name} +`);
  if (!withResidual) throw new Error(`no set has a layer "${name}"`);
  return { ...withResidual, name, hasResidual: false };
}

/** A layer at a batch and precision: channels-last but for the images of first layers; bias and ReLU. */
export function layerProblem(layer: Layer, batch: number, elementType: 'f32' | 'f16'): ConvProblem {
  const { channels, size, kernel, stride, groups } = layer;
  const pad = kernel >> 1;
  const [inChannels, outChannels] = channels;
  const problem: ConvProblem = {
    batch,
    inChannels,
    inHeight: size,
    inWidth: size,
    outChannels,
    kernelHeight: kernel,
    kernelWidth: kernel,
    strideHeight: stride,
    strideWidth: stride,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: pad,
    padLeft: pad,
    padBottom: pad,
    padRight: pad,
    groups,
    elementType,
    input: {
      offset: 0,
      strides: layer.isNchw
        ? [inChannels * size * size, size * size, size, 1]
        : [size * size * inChannels, 1, size * inChannels, inChannels],
    },
    output: { offset: 0, strides: [0, 0, 0, 0] },
    epilogue: { bias: true, activation: { kind: 'relu' } },
  };
  const { height, width } = convOutputSize(problem);
  const output = {
    offset: 0,
    strides: [height * width * outChannels, 1, width * outChannels, outChannels],
  } as const;
  const residual = layer.hasResidual ? output : undefined;
  return { ...problem, output, epilogue: { ...problem.epilogue, residual } };
}
