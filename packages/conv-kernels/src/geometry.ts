import { ConvProblemError } from './errors.js';
import type { ActivationLayout, ConvProblem, DepthAxis, DeviceProfile, GemmProblem, MatrixLayout } from './problem.js';

/** Sizes of a convolution's output: floor((in + pads - dilation * (kernel - 1) - 1) / stride) + 1; depth 1 of images. */
export function convOutputSize(problem: ConvProblem): {
  readonly depth: number;
  readonly height: number;
  readonly width: number;
} {
  const p = problem;
  const d = p.depth;
  return {
    depth: d ? extent(d.inDepth + d.padFront + d.padBack, d.kernelDepth, d.strideDepth, d.dilationDepth) : 1,
    height: extent(p.inHeight + p.padTop + p.padBottom, p.kernelHeight, p.strideHeight, p.dilationHeight),
    width: extent(p.inWidth + p.padLeft + p.padRight, p.kernelWidth, p.strideWidth, p.dilationWidth),
  };
}

function extent(padded: number, kernel: number, stride: number, dilation: number): number {
  return Math.floor((padded - dilation * (kernel - 1) - 1) / stride) + 1;
}

/** The dimensions of the output, [batch, channels, height, width]; of volumes, those of one slice. */
export function convOutputDims(problem: ConvProblem): readonly [number, number, number, number] {
  const { height, width } = convOutputSize(problem);
  return [problem.batch, problem.outChannels, height, width];
}

/** 2 per multiply-add, padding counted as work. */
export function convFlops(problem: ConvProblem): number {
  const [n, c, h, w] = convOutputDims(problem);
  return (
    2 * n * c * convOutputSize(problem).depth * h * w * (problem.inChannels / problem.groups) * kernelTaps(problem)
  );
}

/** Filter values of one input and output channel. */
export function kernelTaps({ depth, kernelHeight, kernelWidth }: ConvProblem): number {
  return (depth?.kernelDepth ?? 1) * kernelHeight * kernelWidth;
}

/** Bytes that must move at least once: input, weights, output and residual. */
export function convBytes(problem: ConvProblem): number {
  const size = elementBytes(problem.elementType);
  const [n, c, h, w] = convOutputDims(problem);
  const input = n * problem.inChannels * (problem.depth?.inDepth ?? 1) * problem.inHeight * problem.inWidth;
  const weights = (c * problem.inChannels * kernelTaps(problem)) / problem.groups;
  const output = n * c * convOutputSize(problem).depth * h * w;
  return inputBytes(problem) * input + size * (weights + output * (problem.epilogue.residual ? 2 : 1));
}

/** 2 per multiply-add. */
export function gemmFlops(problem: GemmProblem): number {
  return 2 * problem.batch * problem.m * problem.n * problem.k;
}

/** Bytes that must move at least once; a shared operand counts once. */
export function gemmBytes(problem: GemmProblem): number {
  const { batch, m, n, k } = problem;
  const a = m * k * (problem.a.batchStride === 0 ? 1 : batch);
  const b = k * n * (problem.b.batchStride === 0 ? 1 : batch);
  const c = m * n * batch;
  const size = elementBytes(problem.elementType);
  return size * (a + b + (problem.epilogue.residual ? c : 0)) + elementBytes(outputType(problem)) * c;
}

/** The storage type of a product's C. */
export function outputType({ f32Output, elementType }: Pick<GemmProblem, 'f32Output' | 'elementType'>): 'f32' | 'f16' {
  return f32Output ? 'f32' : elementType;
}

/** Bytes of one stored element. */
export function elementBytes(type: 'f32' | 'f16'): number {
  return type === 'f16' ? 2 : 4;
}

/** Whether the input is stored in another type than all else. */
export function readsOtherType({ f32Input, elementType }: ConvProblem): boolean {
  return f32Input === true && elementType === 'f16';
}

/** The storage type of a convolution's input. */
export function inputType(problem: ConvProblem): 'f32' | 'f16' {
  return problem.f32Input ? 'f32' : problem.elementType;
}

/** Bytes of one element of it. */
export function inputBytes(problem: ConvProblem): number {
  return elementBytes(inputType(problem));
}

/** One past the last element a layout reaches; `depth` gives the slices of a volume and their stride. */
export function layoutEnd(
  layout: ActivationLayout,
  dims: readonly number[],
  depth: { readonly size: number; readonly stride: number } = { size: 1, stride: 0 },
): number {
  const slice = dims.reduce((end, size, i) => end + (size - 1) * layout.strides[i], layout.offset) + 1;
  return slice + (depth.size - 1) * depth.stride;
}

/** One past the last element a matrix reaches. */
export function matrixEnd(layout: MatrixLayout, batch: number, rows: number, columns: number): number {
  const { offset, batchStride, rowStride, columnStride } = layout;
  return offset + (batch - 1) * batchStride + (rows - 1) * rowStride + (columns - 1) * columnStride + 1;
}

/** Throws a ConvProblemError that names the first number at fault. */
export function checkConv(problem: ConvProblem, device: DeviceProfile): void {
  const p = problem;
  const positive = [
    'batch inChannels inHeight inWidth outChannels kernelHeight kernelWidth',
    'strideHeight strideWidth dilationHeight dilationWidth groups',
  ];
  for (const name of positive.join(' ').split(' ') as NumericField[]) requireInteger(name, p[name], 1);
  for (const name of ['padTop', 'padLeft', 'padBottom', 'padRight'] as const) requireInteger(name, p[name], 0);
  if (p.depth) checkDepth(p.depth, p.epilogue.residual !== undefined);
  for (const name of ['inChannels', 'outChannels'] as const) {
    if (p[name] % p.groups !== 0) {
      throw new ConvProblemError(
        'groups',
        `groups ${p.groups} does not divide ${name} ${p[name]}; both channel counts must be multiples of groups.`,
      );
    }
  }
  checkOutputSize(p);
  checkElementType(p.elementType, device);
  const { residual, activation, slope } = p.epilogue;
  if (slope && activation) {
    throw new ConvProblemError('slope', `slope and the activation ${activation.kind} exclude each other; give one.`);
  }
  const check = (name: string, layout: ActivationLayout, dims: readonly number[], depth: number, stride = 0): void => {
    checkLayout(name, layout);
    const type = name === 'input' ? inputType(p) : p.elementType;
    checkBinding(name, layoutEnd(layout, dims, { size: depth, stride }), type, device);
  };
  const outDims = convOutputDims(p);
  const outDepth = convOutputSize(p).depth;
  const inDims = [p.batch, p.inChannels, p.inHeight, p.inWidth];
  check('input', p.input, inDims, p.depth?.inDepth ?? 1, p.depth?.inputStride);
  check('output', p.output, outDims, outDepth, p.depth?.outputStride);
  if (residual) check('residual', residual, outDims, outDepth, p.depth?.residualStride);
  checkBinding('weights', ((p.outChannels * p.inChannels) / p.groups) * kernelTaps(p), p.elementType, device);
}

function checkDepth(depth: DepthAxis, hasResidual: boolean): void {
  for (const name of ['inDepth', 'kernelDepth', 'strideDepth', 'dilationDepth'] as const) {
    requireInteger(`depth.${name}`, depth[name], 1);
  }
  const strides = ['padFront', 'padBack', 'inputStride', 'outputStride'] as const;
  for (const name of strides) requireInteger(`depth.${name}`, depth[name], 0);
  if (hasResidual) requireInteger('depth.residualStride', depth.residualStride ?? NaN, 0);
}

/** Throws a ConvProblemError that names the first number at fault. */
export function checkGemm(problem: GemmProblem, device: DeviceProfile): void {
  const { batch, m, n, k } = problem;
  for (const [name, value] of Object.entries({ batch, m, n, k })) requireInteger(name, value, 1);
  checkElementType(problem.elementType, device);
  const operands: [string, MatrixLayout, number, number][] = [
    ['a', problem.a, m, k],
    ['b', problem.b, k, n],
    ['c', problem.c, m, n],
  ];
  if (problem.epilogue.residual) operands.push(['residual', problem.epilogue.residual, m, n]);
  for (const [name, layout, rows, columns] of operands) {
    const { offset, batchStride, rowStride, columnStride } = layout;
    for (const value of [offset, batchStride, rowStride, columnStride]) requireInteger(`${name} layout`, value, 0);
    checkBinding(name, matrixEnd(layout, batch, rows, columns), problem.elementType, device);
  }
}

type NumericField = {
  [K in keyof ConvProblem]-?: ConvProblem[K] extends number ? K : never;
}[keyof ConvProblem];

function requireInteger(field: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new ConvProblemError(field, `${field} is ${value}; it must be an integer of at least ${least}.`);
}

function checkOutputSize(p: ConvProblem): void {
  const { depth, height, width } = convOutputSize(p);
  const d = p.depth;
  const axes = [
    ['Depth', depth, d?.inDepth, (d?.padFront ?? 0) + (d?.padBack ?? 0), d?.kernelDepth ?? 1, d?.dilationDepth ?? 1],
    ['Height', height, p.inHeight, p.padTop + p.padBottom, p.kernelHeight, p.dilationHeight],
    ['Width', width, p.inWidth, p.padLeft + p.padRight, p.kernelWidth, p.dilationWidth],
  ] as const;
  for (const [axis, size, input, pads, kernel, dilation] of axes) {
    if (size >= 1) continue;
    const reach = dilation * (kernel - 1) + 1;
    throw new ConvProblemError(
      `kernel${axis}`,
      `in${axis} ${input} with padding ${pads} is smaller than the ${reach} that kernel${axis} ${kernel} at dilation ${dilation} covers, so there is no output; at least ${reach - (input ?? 1) - pads} more padding is needed.`,
    );
  }
}

function checkElementType(type: 'f32' | 'f16', device: DeviceProfile): void {
  if (type === 'f32' || device.hasF16) return;
  throw new ConvProblemError('elementType', 'elementType is f16, and the device has no shader-f16; use f32.');
}

function checkLayout(name: string, layout: ActivationLayout): void {
  requireInteger(`${name}.offset`, layout.offset, 0);
  layout.strides.forEach((stride, i) => requireInteger(`${name}.strides[${i}]`, stride, 0));
}

/** Throws where a buffer of `elements` is beyond what the device can bind. */
export function checkBinding(name: string, elements: number, type: 'f32' | 'f16', device: DeviceProfile): void {
  const bytes = elements * elementBytes(type);
  if (bytes <= device.maxStorageBinding) return;
  throw new ConvProblemError(
    name,
    `${name} spans ${bytes} bytes, and the device binds at most ${device.maxStorageBinding}; split the batch or the channels.`,
  );
}
