import { autoPads } from '@tessera/conv-kernels';
import type { Dim } from '../graph.js';
import type { Window } from '../kernels/volume.js';
import type { NodeContext } from './types.js';

/** A window as the node's attributes describe it; pads are still open where auto_pad is SAME_UPPER or SAME_LOWER. */
export interface WindowAttributes {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly autoPad: AutoPad;
  readonly padsBegin: readonly number[];
  readonly padsEnd: readonly number[];
  readonly ceilMode: boolean;
}

export type AutoPad = 'NOTSET' | 'SAME_UPPER' | 'SAME_LOWER' | 'VALID';

const autoPadModes: readonly string[] = ['NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID'];

/** Reads kernel_shape (unless given), strides, dilations, pads, auto_pad and ceil_mode, and checks their lengths and ranges. */
export function readWindow(context: NodeContext, rank: number, kernelShape?: readonly number[]): WindowAttributes {
  const { attributes } = context;
  const ones = new Array<number>(rank).fill(1);
  const stated = attributes.has('kernel_shape') ? attributes.ints('kernel_shape') : undefined;
  if (stated && kernelShape && stated.some((size, i) => size !== kernelShape[i])) {
    context.fail(`kernel_shape is [${stated.join(', ')}] but the weights have [${kernelShape.join(', ')}]`);
  }
  const kernel = kernelShape ?? stated ?? context.fail('attribute kernel_shape is missing');
  const autoPad = attributes.string('auto_pad', 'NOTSET');
  if (!autoPadModes.includes(autoPad)) {
    context.fail(`auto_pad is "${autoPad}"; it must be one of ${autoPadModes.join(', ')}`);
  }
  const explicitPads = autoPad === 'NOTSET';
  const pads = explicitPads ? attributes.ints('pads', new Array<number>(2 * rank).fill(0)) : [];
  const strides = attributes.ints('strides', ones);
  const dilations = attributes.ints('dilations', ones);
  checkLengths(context, rank, { kernel_shape: kernel, strides, dilations });
  if (explicitPads && pads.length !== 2 * rank) {
    context.fail(`pads has ${pads.length} values; ${rank} spatial dimensions need ${2 * rank}`);
  }
  return {
    kernel,
    strides,
    dilations,
    autoPad: autoPad as AutoPad,
    padsBegin: explicitPads ? pads.slice(0, rank) : ones.map(() => 0),
    padsEnd: explicitPads ? pads.slice(rank) : ones.map(() => 0),
    ceilMode: attributes.int('ceil_mode', 0) !== 0,
  };
}

function checkLengths(context: NodeContext, rank: number, lists: Readonly<Record<string, readonly number[]>>): void {
  for (const [name, values] of Object.entries(lists)) {
    if (values.length !== rank) {
      context.fail(`${name} has ${values.length} values; the input has ${rank} spatial dimensions`);
    }
    if (values.some((value) => value < 1))
      context.fail(`${name} is [${values.join(', ')}]; every value must be 1 or more`);
  }
}

/** Size a dilated kernel spans along spatial dimension `i`. */
export function kernelExtent(window: Pick<WindowAttributes, 'kernel' | 'dilations'>, i: number): number {
  return (window.kernel[i] - 1) * window.dilations[i] + 1;
}

/** Output size along spatial dimension `i`; an expression in symbols where the input's size is one. */
export function windowOutputDim(context: NodeContext, window: WindowAttributes, i: number, input: Dim): Dim {
  const stride = window.strides[i];
  const isSame = window.autoPad === 'SAME_UPPER' || window.autoPad === 'SAME_LOWER';
  const slack = window.padsBegin[i] + window.padsEnd[i] - kernelExtent(window, i);
  if (typeof input === 'string') return symbolicOutputDim(window, input, stride, isSame, slack);
  if (isSame) return Math.ceil(input / stride);
  const steps = (input + slack) / stride;
  let output = (window.ceilMode ? Math.ceil(steps) : Math.floor(steps)) + 1;
  // A window that would start in the padding behind the input is dropped.
  if (window.ceilMode && (output - 1) * stride >= input + window.padsBegin[i]) output--;
  if (output < 1) {
    context.fail(
      `a window of ${kernelExtent(window, i)} does not fit into spatial dimension ${i} of size ${input} with pads ${window.padsBegin[i]} and ${window.padsEnd[i]}`,
    );
  }
  return output;
}

function symbolicOutputDim(
  window: WindowAttributes,
  input: string,
  stride: number,
  isSame: boolean,
  slack: number,
): Dim {
  if (isSame) return stride === 1 ? input : `ceil(${input}/${stride})`;
  if (stride === 1) return slack === -1 ? input : `(${input}${signed(slack + 1)})`;
  return `(${window.ceilMode ? 'ceil' : 'floor'}((${input}${signed(slack)})/${stride})+1)`;
}

function signed(value: number): string {
  return value === 0 ? '' : value > 0 ? `+${value}` : String(value);
}

/** The window with its pads settled for an input of these spatial sizes. */
export function resolveWindow(window: WindowAttributes, input: readonly number[]): Window {
  const { kernel, strides, dilations, autoPad } = window;
  if (autoPad !== 'SAME_UPPER' && autoPad !== 'SAME_LOWER') {
    return { kernel, strides, dilations, padsBegin: window.padsBegin, padsEnd: window.padsEnd };
  }
  const pads = input.map((size, i) =>
    autoPads(autoPad, { input: size, kernel: kernel[i], stride: strides[i], dilation: dilations[i] }),
  );
  const [padsBegin, padsEnd] = [pads.map((pad) => pad.padBegin), pads.map((pad) => pad.padEnd)];
  return { kernel, strides, dilations, padsBegin, padsEnd };
}
