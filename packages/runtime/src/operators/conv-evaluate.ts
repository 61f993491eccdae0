import type { Window } from '../kernels/volume.js';
import type { Tensor } from '../tensor.js';
import { readActivation, applyActivation } from './activation.js';
import { convWindow } from './conv-infer.js';
import { forEachIndex, product } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext } from './types.js';

/** Input positions of a window placed at `output`, with their tap; padding is left out. */
export function forEachTap(
  window: Window,
  input: readonly number[],
  output: readonly number[],
  visit: (inputFlat: number, tapFlat: number) => void,
): void {
  forEachIndex(window.kernel, (tap, tapFlat) => {
    let flat = 0;
    for (let i = 0; i < tap.length; i++) {
      const position = output[i] * window.strides[i] + tap[i] * window.dilations[i] - window.padsBegin[i];
      if (position < 0 || position >= input[i]) return;
      flat = flat * input[i] + position;
    }
    visit(flat, tapFlat);
  });
}

/** Output size of a resolved window along spatial dimension `i`. */
function outputSize(window: Window, input: readonly number[], i: number): number {
  const extent = (window.kernel[i] - 1) * window.dilations[i] + 1;
  return Math.floor((input[i] + window.padsBegin[i] + window.padsEnd[i] - extent) / window.strides[i]) + 1;
}

/** Conv and FusedConv by plain loops in float64. */
export function evaluateConv(context: EvaluateContext): readonly Tensor[] {
  const [xTensor, wTensor] = [context.input(0), context.input(1)];
  const [x, w] = [toNumbers(xTensor), toNumbers(wTensor)];
  const [bias, residual] = [2, 3].map((i) => (context.hasInput(i) ? toNumbers(context.input(i)) : undefined));
  const window = convWindow(context, xTensor.dims, wTensor.dims);
  const [batch, channels, ...input] = xTensor.dims;
  const [outChannels, perGroup] = wTensor.dims;
  const spatial = input.map((_, i) => outputSize(window, input, i));
  const dims = [batch, outChannels, ...spatial];
  const groupOut = outChannels / context.attributes.int('group', 1);
  const [inputSize, taps] = [product(input), product(window.kernel)];
  const activation = readActivation(context);
  const y = new Float64Array(product(dims));
  forEachIndex(dims, ([n, m, ...position], flat) => {
    let sum = (bias?.[m] ?? 0) + (residual?.[flat] ?? 0);
    const firstChannel = Math.floor(m / groupOut) * perGroup;
    forEachTap(window, input, position, (at, tap) => {
      for (let c = 0; c < perGroup; c++) {
        sum += x[(n * channels + firstChannel + c) * inputSize + at] * w[(m * perGroup + c) * taps + tap];
      }
    });
    y[flat] = applyActivation(activation, sum);
  });
  return [fromNumbers(xTensor.dataType, dims, y)];
}
