import { dataTypeOf } from './cast.js';
import { fromNumbers, integersOf, toNumbers } from './helpers.js';
import type { EvaluateContext, InferContext, InferResult, Operator } from './types.js';

const toMel = (hertz: number) => 2595 * Math.log10(1 + hertz / 700);
const toHertz = (mel: number) => 700 * (10 ** (mel / 2595) - 1);

function infer(context: InferContext): readonly InferResult[] {
  const dataType = dataTypeOf(context, 'output_datatype', 1);
  const [bins, length] = [0, 1].map((index) => integersOf(context.constant(index))?.[0]);
  const rows = length === undefined ? context.unknown() : Math.floor(length / 2) + 1;
  return [{ dataType, shape: [rows, bins ?? context.unknown()] }];
}

/** Triangles on the mel scale, one a column, over the frequencies of a DFT. */
function evaluate(context: EvaluateContext) {
  const [bins, length, rate, lower, upper] = [0, 1, 2, 3, 4].map((index) => toNumbers(context.input(index))[0]);
  const rows = Math.floor(length / 2) + 1;
  const [first, last] = [toMel(lower), toMel(upper)];
  const edges = Array.from({ length: bins + 2 }, (_, i) =>
    Math.floor(((length + 1) * toHertz(first + (i * (last - first)) / (bins + 2))) / rate),
  );
  const values = new Float64Array(rows * bins);
  for (let bin = 0; bin < bins; bin++) {
    const [left, centre, right] = edges.slice(bin, bin + 3);
    for (let row = left; row <= Math.min(right - 1, rows - 1); row++) {
      values[row * bins + bin] = row < centre ? (row - left) / (centre - left) : (right - row) / (right - centre);
    }
    if (centre < rows) values[centre * bins + bin] = 1;
  }
  return [fromNumbers(dataTypeOf(context, 'output_datatype', 1), [rows, bins], values)];
}

/** MelWeightMatrix, whose inputs are a handful of numbers: it is calculated on the host. */
export const melWeightMatrixOperators: readonly Operator[] = [
  { type: 'MelWeightMatrix', domain: '', since: 17, infer, evaluate },
];
