import { planConv, type ActivationLayout, type ConvProblem } from '@tessera/conv-kernels';
import type { Window } from '../kernels/volume.js';
import { activationLayout, croppedInput, floatElementType, packedWeights, withPositiveStrides } from './conv-lower.js';
import { product } from './host-index.js';
import { emitPlan, planned } from './plan-emission.js';
import type { LowerContext, Operand } from './types.js';

/**
 * The outputs first, first + step, ... along one dimension, which the taps firstTap, firstTap + step, ... alone reach:
 * they are an ordinary convolution of stride 1 with those taps in reverse order.
 */
export interface Phase {
  readonly first: number;
  readonly step: number;
  readonly count: number;
  readonly firstTap: number;
  readonly taps: number;
  readonly dilation: number;
  readonly padBegin: number;
  readonly padEnd: number;
}

/** Each phase is a dispatch; more than this are left to one kernel that gathers. */
const maxDispatches = 16;

/**
 * The phases of every spatial dimension (sub-pixel decomposition: Shi et al., 2016); undefined where some outputs are
 * reached by no tap, the phases are too many, or strides and dilations mix.
 */
export function phasesOf(
  window: Window,
  input: readonly number[],
  output: readonly number[],
): readonly (readonly Phase[])[] | undefined {
  if (product(window.strides) > maxDispatches) return undefined;
  const phases = input.map((size, i) => axisPhases(window, i, size, output[i]));
  return phases.includes(undefined) ? undefined : (phases as (readonly Phase[])[]);
}

function axisPhases(window: Window, i: number, input: number, output: number): readonly Phase[] | undefined {
  const [kernel, step, dilation, pad] = [window.kernel[i], window.strides[i], window.dilations[i], window.padsBegin[i]];
  if (step > 1 && dilation > 1) return undefined;
  const phases: Phase[] = [];
  for (let firstTap = 0; firstTap < step; firstTap++) {
    const start = Math.ceil((pad - firstTap) / step);
    const first = step * start + firstTap - pad;
    const count = Math.ceil((output - first) / step);
    if (count <= 0) continue;
    const taps = Math.ceil((kernel - firstTap) / step);
    if (taps <= 0) return undefined;
    const reach = (taps - 1) * dilation;
    const padBegin = reach - start;
    const padEnd = count - input - padBegin + reach;
    if (input + Math.min(0, padBegin) + Math.min(0, padEnd) < 1) return undefined;
    phases.push({ first, step, count, firstTap, taps, dilation, padBegin, padEnd });
  }
  return phases;
}

export interface PhasedTranspose {
  /** [N, C, H, W] or [N, C, W]. */
  readonly x: Operand;
  readonly y: Operand;
  readonly bias?: Operand;
  readonly groups: number;
  readonly phases: readonly (readonly Phase[])[];
}

const whole: Phase = { first: 0, step: 1, count: 1, firstTap: 0, taps: 1, dilation: 1, padBegin: 0, padEnd: 0 };

/** Emits one convolution for every combination of phases; the weights must be constant. */
export function lowerPhases(context: LowerContext, transpose: PhasedTranspose): void {
  const rows = transpose.phases.length === 2 ? transpose.phases[0] : [whole];
  for (const row of rows) {
    for (const column of transpose.phases[transpose.phases.length - 1]) lowerPhase(context, transpose, row, column);
  }
}

function lowerPhase(context: LowerContext, { x, y, bias, groups }: PhasedTranspose, row: Phase, column: Phase): void {
  const kernel = [row.taps, column.taps];
  const window: Window = {
    kernel,
    strides: [1, 1],
    dilations: [row.dilation, column.dilation],
    padsBegin: [row.padBegin, column.padBegin],
    padsEnd: [row.padEnd, column.padEnd],
  };
  const [input, cropped] = croppedInput(asImage(withPositiveStrides(context, x)), window);
  const problem: ConvProblem = {
    batch: x.shape[0],
    inChannels: x.shape[1],
    inHeight: input.shape[2],
    inWidth: input.shape[3],
    outChannels: y.shape[1],
    kernelHeight: row.taps,
    kernelWidth: column.taps,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: row.dilation,
    dilationWidth: column.dilation,
    padTop: cropped.padsBegin[0],
    padLeft: cropped.padsBegin[1],
    padBottom: cropped.padsEnd[0],
    padRight: cropped.padsEnd[1],
    groups,
    elementType: floatElementType(context, y),
    input: activationLayout(input),
    output: phaseLayout(activationLayout(y), row, column),
    epilogue: { bias: bias !== undefined },
  };
  const plan = planned(context, () => planConv(problem, context.profile, context.algorithms));
  const [inChannels, groupOut, ...spatial] = context.type(1).shape;
  const sizes = spatial.length === 2 ? spatial : [1, spatial[0]];
  const weights = packedWeights(context, plan, 1, problem.elementType, {
    key: `transposed ${groups} groups, taps ${row.firstTap}+${row.step} ${column.firstTap}+${column.step}`,
    dims: [groupOut * groups, inChannels / groups, ...kernel],
    values: (values) => phaseWeights(values, { inChannels, groupOut, groups, sizes }, row, column),
  });
  emitPlan(context, plan, { input, weights, bias, output: y });
}

function asImage(operand: Operand): Operand {
  if (operand.shape.length === 4) return operand;
  const [n, c, w] = operand.shape;
  const { strides } = activationLayout(operand);
  return { ...operand, shape: [n, c, 1, w], strides };
}

function phaseLayout({ offset, strides }: ActivationLayout, row: Phase, column: Phase): ActivationLayout {
  const [n, c, h, w] = strides;
  return { offset: offset + row.first * h + column.first * w, strides: [n, c, h * row.step, w * column.step] };
}

interface TransposedWeights {
  readonly inChannels: number;
  readonly groupOut: number;
  readonly groups: number;
  /** Height and width of the filter. */
  readonly sizes: readonly number[];
}

/** The taps of a phase out of [C, M / groups, H, W], reversed, as [M, C / groups, rows, columns]. */
function phaseWeights(source: Float32Array, weights: TransposedWeights, row: Phase, column: Phase): Float32Array {
  const { inChannels, groupOut, groups, sizes } = weights;
  const [height, width] = sizes;
  const groupIn = inChannels / groups;
  const result = new Float32Array(inChannels * groupOut * row.taps * column.taps);
  let at = 0;
  for (let m = 0; m < groupOut * groups; m++) {
    const firstIn = Math.floor(m / groupOut) * groupIn;
    for (let c = firstIn; c < firstIn + groupIn; c++) {
      const plane = (c * groupOut + (m % groupOut)) * height;
      for (let i = row.taps - 1; i >= 0; i--) {
        const line = (plane + row.firstTap + i * row.step) * width;
        for (let j = column.taps - 1; j >= 0; j--) result[at++] = source[line + column.firstTap + j * column.step];
      }
    }
  }
  return result;
}
