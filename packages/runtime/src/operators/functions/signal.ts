import { fromNumbers } from '../numbers.js';
import type { ExpandContext, FunctionOperator } from '../types.js';
import { known } from './attention-parts.js';
import { call, int, shapeOf, unsqueeze } from './build.js';

function constantNumber(context: ExpandContext, index: number, what: string): number {
  const tensor = context.constant(index);
  return tensor ? Number(tensor.data[0]) : context.fail(`${what} depends on data; it must be constant`);
}

/** DFT of frames of the signal [batch, step, 1 or 2], one every `frame_step` steps, each times the window. */
function stft(context: ExpandContext): void {
  const signal = context.inputName(0);
  const length = known(context, shapeOf(context, signal, 'signal')[1], 'the length of the signal');
  const step = constantNumber(context, 1, 'frame_step');
  const window = context.inputName(2);
  const size = window
    ? known(context, shapeOf(context, window, 'window')[0], 'the length of the window')
    : constantNumber(context, 3, 'frame_length');
  if (step < 1 || size < 1 || size > length) {
    context.fail(`frames of ${size} every ${step} do not fit a signal of ${length} steps`);
  }
  const frames = Math.floor((length - size) / step) + 1;
  const places = Array.from({ length: frames * size }, (_, i) => Math.floor(i / size) * step + (i % size));
  const indices = context.constantNamed(fromNumbers('int64', [frames, size], places));
  const cut = call(context, 'Gather', [signal, indices], { axis: int(1) });
  const shaped = window ? call(context, 'Mul', [cut, unsqueeze(context, window, [1])]) : cut;
  const axis = context.constantNamed(fromNumbers('int64', [], [2]));
  context.result(0, call(context, 'DFT', [shaped, '', axis], { onesided: int(context.attributes.int('onesided', 1)) }));
}

export const signalFunctions: readonly FunctionOperator[] = [
  { type: 'STFT', domain: '', since: 17, expand: stft, valueInputs: [1, 3] },
];
