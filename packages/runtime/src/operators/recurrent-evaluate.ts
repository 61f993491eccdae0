import type { Tensor } from '../tensor.js';
import { fromNumbers, toNumbers } from './numbers.js';
import {
  gateCounts,
  outputStrides,
  recurrentSettings,
  recurrentSizes,
  stateStrides,
  type Cell,
  type RecurrentSettings,
} from './recurrent-problem.js';
import type { EvaluateContext } from './types.js';

type Values = Float64Array;

/** One direction's weights: rows of W and R gate by gate, and biases and peepholes where there are any. */
interface Weights {
  readonly w: Values;
  readonly r: Values;
  readonly b: Values | undefined;
  readonly p: Values | undefined;
}

/** The sum of a vector's products with row `row` of a matrix. */
function rowProduct(matrix: Values, row: number, vector: Values): number {
  const start = row * vector.length;
  return vector.reduce((sum, value, i) => sum + matrix[start + i] * value, 0);
}

/** The next hidden state; an LSTM's cell state `c` is updated in place. */
function step(
  settings: RecurrentSettings,
  direction: number,
  weights: Weights,
  x: Values,
  h: Values,
  c: Values,
): Values {
  const size = h.length;
  const { w, r, b, p } = weights;
  const { cell, linearBeforeReset, inputForget, clip } = settings;
  const [f, g, last] = settings.activations[direction].map(
    ({ apply }) =>
      (value: number) =>
        apply(clip === undefined ? value : Math.min(clip, Math.max(-clip, value))),
  );
  const biasRows = gateCounts[cell] * size;
  const fromInput = (gate: number, j: number) => rowProduct(w, gate * size + j, x) + (b?.[gate * size + j] ?? 0);
  const fromState = (gate: number, j: number, state = h) =>
    rowProduct(r, gate * size + j, state) + (b?.[biasRows + gate * size + j] ?? 0);
  const sum = (gate: number, j: number) => fromInput(gate, j) + fromState(gate, j);
  const peephole = (index: number, j: number) => p?.[index * size + j] ?? 0;
  if (cell === 'rnn') return h.map((_, j) => f(sum(0, j)));
  if (cell === 'gru') {
    const reset = h.map((_, j) => f(sum(1, j)));
    const resetState = h.map((value, j) => reset[j] * value);
    return h.map((previous, j) => {
      const update = f(sum(0, j));
      const recurrent = linearBeforeReset ? reset[j] * fromState(2, j) : fromState(2, j, resetState);
      return (1 - update) * g(fromInput(2, j) + recurrent) + update * previous;
    });
  }
  return h.map((_, j) => {
    const input = f(sum(0, j) + peephole(0, j) * c[j]);
    const forget = inputForget ? 1 - input : f(sum(2, j) + peephole(2, j) * c[j]);
    c[j] = forget * c[j] + input * g(sum(3, j));
    return f(sum(1, j) + peephole(1, j) * c[j]) * last(c[j]);
  });
}

/** Y, Y_h and, for LSTM, Y_c; steps after a sequence's end give zeros in Y. */
export function evaluateRecurrent(context: EvaluateContext, cell: Cell): readonly Tensor[] {
  const settings = recurrentSettings(context, cell);
  const x = context.input(0);
  const sizes = recurrentSizes(settings, x.dims, context.input(2).dims);
  const { steps, batch, input, hidden, directions } = sizes;
  const [xs, ws, rs, bs, lengths, h0, c0, ps] = [0, 1, 2, 3, 4, 5, 6, 7].map((index) => {
    const tensor = context.optional(index);
    return tensor && toNumbers(tensor);
  });
  const part = (values: Values | undefined, d: number) =>
    values?.subarray((d * values.length) / directions, ((d + 1) * values.length) / directions);
  const [to, state] = [outputStrides(settings, sizes), stateStrides(settings, sizes)];
  const y = new Float64Array(steps * directions * batch * hidden);
  const [yh, yc]: Values[] = [h0, c0].map(
    (initial) => initial?.slice() ?? new Float64Array(directions * batch * hidden),
  );
  for (let d = 0; d < directions; d++) {
    const weights = { w: part(ws, d)!, r: part(rs, d)!, b: part(bs, d), p: part(ps, d) };
    for (let n = 0; n < batch; n++) {
      const at = d * state.direction + n * state.batch;
      let h: Values = yh.slice(at, at + hidden);
      const c = yc.subarray(at, at + hidden);
      const length = lengths?.[n] ?? steps;
      for (let i = 0; i < length; i++) {
        const t = settings.reversed[d] ? length - 1 - i : i;
        const row = settings.isBatchFirst ? n * steps + t : t * batch + n;
        h = step(settings, d, weights, xs!.subarray(row * input, (row + 1) * input), h, c);
        y.set(h, t * to.step + d * to.direction + n * to.batch);
      }
      yh.set(h, at);
    }
  }
  const [yDims, stateDims] = settings.isBatchFirst
    ? [
        [batch, steps, directions, hidden],
        [batch, directions, hidden],
      ]
    : [
        [steps, directions, batch, hidden],
        [directions, batch, hidden],
      ];
  const results = [
    fromNumbers(x.dataType, yDims, y),
    fromNumbers(x.dataType, stateDims, yh),
    fromNumbers(x.dataType, stateDims, yc),
  ];
  return results.slice(0, cell === 'lstm' ? 3 : 2);
}
