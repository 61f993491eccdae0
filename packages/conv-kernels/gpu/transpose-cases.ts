import { transposeExtent, type ConvTransposeProblem, type SpatialEpilogue, type SpatialLayout } from '../src/index.js';

/** What a case says; the rest has plain defaults. One number for each spatial dimension. */
export interface TransposeCase {
  readonly batch?: number;
  readonly channels: readonly [number, number];
  readonly size: readonly number[];
  readonly kernel: readonly number[];
  readonly stride?: readonly number[];
  readonly dilation?: readonly number[];
  readonly padBegin?: readonly number[];
  readonly padEnd?: readonly number[];
  readonly outputPadding?: readonly number[];
  readonly outputShape?: readonly number[];
  readonly groups?: number;
  readonly elementType?: 'f32' | 'f16';
  readonly channelsFirst?: boolean;
  readonly constantWeights?: boolean;
  readonly epilogue?: Omit<SpatialEpilogue, 'residual'>;
  readonly residual?: boolean;
}

export function transposeProblem(c: TransposeCase): ConvTransposeProblem {
  const batch = c.batch ?? 1;
  const axes = c.size.map((input, i) => {
    const [stride, dilation] = [c.stride?.[i] ?? 1, c.dilation?.[i] ?? 1];
    const axis = { input, kernel: c.kernel[i], stride, dilation };
    const outputPadding = c.outputPadding?.[i] ?? 0;
    const extent = c.outputShape
      ? { outputShape: c.outputShape[i], oddAtEnd: false, outputPadding }
      : { outputPadding, padBegin: c.padBegin?.[i] ?? 0, padEnd: c.padEnd?.[i] ?? 0 };
    const { output, padBegin } = transposeExtent(axis, extent);
    return { ...axis, output, padBegin };
  });
  const output = layout(
    c.channels[1],
    axes.map((axis) => axis.output),
    c.channelsFirst,
  );
  return {
    batch,
    inChannels: c.channels[0],
    outChannels: c.channels[1],
    groups: c.groups ?? 1,
    axes,
    elementType: c.elementType ?? 'f32',
    constantWeights: c.constantWeights,
    input: layout(c.channels[0], c.size, c.channelsFirst),
    output,
    epilogue: { bias: false, ...c.epilogue, residual: c.residual ? output : undefined },
  };
}

/** Dense, channels innermost or before the spatial dimensions. */
function layout(channels: number, size: readonly number[], channelsFirst = false): SpatialLayout {
  const strides = new Array<number>(size.length);
  let step = channelsFirst ? 1 : channels;
  for (let i = size.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= size[i];
  }
  return { offset: 0, strides: channelsFirst ? [channels * step, step, ...strides] : [step, 1, ...strides] };
}

export const transposeCases: Readonly<Record<string, TransposeCase>> = {
  '4x4 of stride 2, as generators have': {
    batch: 2,
    channels: [12, 8],
    size: [5, 7],
    kernel: [4, 4],
    stride: [2, 2],
    padBegin: [1, 1],
    padEnd: [1, 1],
    epilogue: { bias: true, activation: { kind: 'relu' } },
  },
  'kernel as large as the stride': { channels: [8, 5], size: [4, 3], kernel: [2, 2], stride: [2, 2] },
  'output padding, unequal everything': {
    channels: [5, 6],
    size: [4, 6],
    kernel: [3, 5],
    stride: [2, 3],
    padBegin: [1, 0],
    padEnd: [0, 2],
    outputPadding: [1, 2],
    epilogue: { bias: true },
  },
  'a stated output shape, larger than the taps reach': {
    channels: [4, 4],
    size: [3, 4],
    kernel: [3, 3],
    stride: [3, 2],
    outputShape: [10, 9],
    residual: true,
  },
  'a stated output shape, cropped': { channels: [4, 6], size: [5, 4], kernel: [3, 3], outputShape: [5, 3] },
  'groups and dilation': {
    channels: [6, 9],
    size: [5, 4],
    kernel: [3, 2],
    dilation: [2, 3],
    groups: 3,
    padBegin: [2, 1],
    padEnd: [1, 1],
  },
  'stride with dilation': { channels: [3, 4], size: [4, 5], kernel: [2, 3], stride: [2, 2], dilation: [3, 1] },
  'stride larger than the kernel': { channels: [4, 4], size: [3, 4], kernel: [2, 1], stride: [3, 2] },
  'one dimension': {
    batch: 2,
    channels: [8, 6],
    size: [9],
    kernel: [5],
    stride: [2],
    padBegin: [2],
    padEnd: [1],
    channelsFirst: true,
    epilogue: { bias: true, slope: true },
  },
  'three dimensions': {
    channels: [4, 6],
    size: [3, 2, 4],
    kernel: [3, 2, 3],
    stride: [2, 1, 2],
    padBegin: [1, 0, 1],
    padEnd: [0, 1, 1],
    outputPadding: [1, 0, 0],
    residual: true,
    epilogue: { bias: true },
  },
  'weights of the run': {
    channels: [5, 7],
    size: [4, 3],
    kernel: [3, 3],
    stride: [2, 2],
    constantWeights: false,
    epilogue: { bias: true },
  },
};
