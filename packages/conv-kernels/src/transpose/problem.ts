import { ConvProblemError } from '../errors.js';
import { checkBinding } from '../geometry.js';
import type { DeviceProfile } from '../problem.js';
import { splitPads, type ConvAxis, type Pads, type SpatialEpilogue, type SpatialLayout } from '../spatial.js';

/**
 * One spatial dimension of a transposed convolution: input position i and tap t add to output position
 * i * stride + t * dilation - padBegin, where that lies in [0, output). Negative pads leave outputs that no tap reaches.
 */
export interface TransposeAxis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padBegin: number;
}

/**
 * A transposed convolution over one, two or three spatial dimensions, outermost first. Weights are IOHW:
 * [inChannels, outChannels / groups, kernel...]. Buffers are those of a convolution.
 */
export interface ConvTransposeProblem {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly axes: readonly TransposeAxis[];
  readonly elementType: 'f32' | 'f16';
  readonly input: SpatialLayout;
  readonly output: SpatialLayout;
  readonly epilogue: SpatialEpilogue;
  /** False where weights are known only at the run: then they lie as IOHW, in `elementType`. Defaults to true. */
  readonly constantWeights?: boolean;
}

/** How ONNX's ConvTranspose says what its output is. */
export type TransposeExtent =
  | { readonly outputShape: number; readonly oddAtEnd: boolean }
  | ({ readonly outputPadding: number } & Pads)
  | { readonly outputPadding: number; readonly autoPad: 'SAME_UPPER' | 'SAME_LOWER' };

/**
 * Output length and pads of a dimension, by the specification of ConvTranspose: the whole length is
 * stride * (input - 1) + outputPadding + dilation * (kernel - 1) + 1; pads shorten it, a stated output_shape (or
 * auto_pad SAME, which states input * stride) is reached by pads, half of them at each end.
 */
export function transposeExtent(
  axis: Pick<ConvAxis, 'input' | 'kernel' | 'stride' | 'dilation'>,
  extent: TransposeExtent & { readonly outputPadding?: number },
): { readonly output: number } & Pads {
  const { input, kernel, stride, dilation } = axis;
  const whole = stride * (input - 1) + (extent.outputPadding ?? 0) + dilation * (kernel - 1) + 1;
  if ('padBegin' in extent) {
    const { padBegin, padEnd } = extent;
    return { output: whole - padBegin - padEnd, padBegin, padEnd };
  }
  const output = 'outputShape' in extent ? extent.outputShape : input * stride;
  const oddAtEnd = 'outputShape' in extent ? extent.oddAtEnd : extent.autoPad === 'SAME_UPPER';
  return { output, ...splitPads(whole - output, oddAtEnd) };
}

/** Throws a ConvProblemError that names the first number at fault. */
export function checkConvTranspose(p: ConvTransposeProblem, device: DeviceProfile): void {
  const require = (name: string, value: number, least: number): void => {
    if (Number.isSafeInteger(value) && value >= least) return;
    throw new ConvProblemError(name, `${name} is ${value}; it must be an integer of at least ${least}.`);
  };
  for (const name of ['batch', 'inChannels', 'outChannels', 'groups'] as const) require(name, p[name], 1);
  if (p.axes.length < 1 || p.axes.length > 3) {
    throw new ConvProblemError('axes', `there are ${p.axes.length} spatial dimensions; 1 to 3 can be.`);
  }
  p.axes.forEach((axis, i) => {
    for (const name of ['input', 'output', 'kernel', 'stride', 'dilation'] as const) {
      require(`axes[${i}].${name}`, axis[name], 1);
    }
    require(`axes[${i}].padBegin`, axis.padBegin, -(2 ** 30));
  });
  for (const name of ['inChannels', 'outChannels'] as const) {
    if (p[name] % p.groups === 0) continue;
    throw new ConvProblemError(
      'groups',
      `groups ${p.groups} does not divide ${name} ${p[name]}; both channel counts must be multiples of groups.`,
    );
  }
  if (p.epilogue.slope && p.epilogue.activation) {
    throw new ConvProblemError('slope', `slope and the activation ${p.epilogue.activation.kind} exclude each other.`);
  }
  if (p.elementType === 'f16' && !device.hasF16) {
    throw new ConvProblemError('elementType', 'elementType is f16, and the device has no shader-f16; use f32.');
  }
  const layout = (name: string, { offset, strides }: SpatialLayout, dims: readonly number[]): void => {
    if (strides.length !== dims.length) {
      throw new ConvProblemError(name, `${name} has ${strides.length} strides; there are ${dims.length} dimensions.`);
    }
    [offset, ...strides].forEach((value) => require(`${name} layout`, value, 0));
    const end = dims.reduce((at, size, i) => at + (size - 1) * strides[i], offset) + 1;
    checkBinding(name, end, p.elementType, device);
  };
  const outDims = [p.batch, p.outChannels, ...p.axes.map((axis) => axis.output)];
  layout('input', p.input, [p.batch, p.inChannels, ...p.axes.map((axis) => axis.input)]);
  layout('output', p.output, outDims);
  if (p.epilogue.residual) layout('residual', p.epilogue.residual, outDims);
}

/** 2 per multiply-add: every tap of every input element. */
export function transposeFlops(p: ConvTransposeProblem): number {
  const perInput = p.axes.reduce((product, { input, kernel }) => product * input * kernel, p.outChannels / p.groups);
  return 2 * p.batch * p.inChannels * perInput;
}

/** Bytes that must move at least once: input, weights, output and residual. */
export function transposeBytes(p: ConvTransposeProblem): number {
  const size = p.elementType === 'f16' ? 2 : 4;
  const along = (name: 'input' | 'output' | 'kernel'): number => p.axes.reduce((product, a) => product * a[name], 1);
  const output = p.batch * p.outChannels * along('output') * (p.epilogue.residual ? 2 : 1);
  const weights = (p.inChannels * p.outChannels * along('kernel')) / p.groups;
  return size * (p.batch * p.inChannels * along('input') + weights + output);
}
