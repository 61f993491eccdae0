import type { Dim } from '../graph.js';
import { recurrentEmission } from '../kernels/recurrent.js';
import { scaledCopyEmission } from '../kernels/scaled-copy.js';
import { denseStrides } from '../program/layout.js';
import { encodeStorage } from '../program/storage.js';
import { floatElementType } from './conv-lower.js';
import { product } from './host-index.js';
import { lowerMatrixProduct, type ConstantMatrix } from './matrix-product.js';
import { evaluateRecurrent } from './recurrent-evaluate.js';
import {
  gateCounts,
  recurrentSettings,
  recurrentSizes,
  type Cell,
  type RecurrentSettings,
  type RecurrentSizes,
} from './recurrent-problem.js';
import type { InferContext, InferResult, LowerContext, Operand, Operator } from './types.js';

function infer(context: InferContext, cell: Cell): readonly InferResult[] {
  const settings = recurrentSettings(context, cell);
  const { dataType, shape } = context.type(0);
  const r = context.type(2).shape;
  const outputs = cell === 'lstm' ? 3 : 2;
  if (!shape || !r) return Array.from({ length: outputs }, () => ({ dataType }));
  if (shape.length !== 3 || r.length !== 3) context.fail('X, W and R must have rank 3');
  const rows = r[1];
  const hidden = r[2];
  if (typeof rows === 'number' && typeof hidden === 'number' && rows !== gateCounts[cell] * hidden) {
    context.fail(`R has ${rows} rows and ${hidden} columns; ${gateCounts[cell]} rows a column are right`);
  }
  const stated = context.attributes.has('hidden_size') ? context.attributes.int('hidden_size') : hidden;
  if (typeof hidden === 'number' && stated !== hidden)
    context.fail(`hidden_size is ${stated}, but R has ${hidden} columns`);
  const directions = settings.reversed.length;
  if (typeof r[0] === 'number' && r[0] !== directions) {
    context.fail(`R has ${r[0]} directions; the attribute direction makes it ${directions}`);
  }
  const [steps, batch] = settings.isBatchFirst ? [shape[1], shape[0]] : shape;
  const state: readonly Dim[] = settings.isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  const y: readonly Dim[] = settings.isBatchFirst ? [batch, steps, ...state.slice(1)] : [steps, ...state];
  return Array.from({ length: outputs }, (_, i) => ({ dataType, shape: i === 0 ? y : state }));
}

/** X times the transpose of W, all directions and gates side by side. */
function project(context: LowerContext, sizes: RecurrentSizes, gates: number): Operand {
  const { steps, batch, input, hidden, directions } = sizes;
  const [rows, columns] = [steps * batch, directions * gates * hidden];
  const x = context.withLayout(context.input(0), 'row-major');
  const { dataType } = context.type(0);
  const y = context.allocate({ dataType, shape: [rows, columns] });
  const a: Operand = { ...x, shape: [rows, input], strides: [input, 1] };
  lowerMatrixProduct(context, { a, b: inputWeights(context, input, columns), y });
  return y;
}

function inputWeights(context: LowerContext, k: number, n: number): Operand | ConstantMatrix {
  if (!context.isConstant(1)) {
    const w = context.withLayout(context.input(1), 'row-major');
    return { ...w, shape: [k, n], strides: [1, k] };
  }
  return { input: 1, k, n, isTransposed: true };
}

/** R with strides along [direction, row, column]: rows innermost where it is constant, as neighbouring lanes read them. */
function recurrentWeights(context: LowerContext, rows: number, hidden: number, directions: number): Operand {
  if (!context.isConstant(2)) return context.input(2);
  const elementType = floatElementType(context, context.input(0));
  const dims = [directions, hidden, rows];
  const size = rows * hidden;
  const transposed = context.weight({
    input: 2,
    elementType,
    dims,
    byteLength: product(dims) * (elementType === 'f16' ? 2 : 4),
    key: 'recurrent rows innermost',
    pack(values) {
      const result = new Float32Array(values.length);
      for (let i = 0; i < values.length; i++) {
        const [direction, row, column] = [Math.floor(i / size), Math.floor((i % size) / hidden), i % hidden];
        result[direction * size + column * rows + row] = values[i];
      }
      return encodeStorage('float32', result, elementType);
    },
  });
  return { ...transposed, shape: [directions, rows, hidden], strides: [size, 1, rows] };
}

/** The windows of the state's buffer that hold the hidden and the cell state, with the node's order of dimensions. */
function stateWindows(state: Operand, settings: RecurrentSettings, sizes: RecurrentSizes) {
  const { batch, hidden, directions } = sizes;
  const window = (slot: number): Operand => ({
    ...state,
    shape: settings.isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden],
    strides: settings.isBatchFirst ? [hidden, batch * hidden, 1] : [batch * hidden, hidden, 1],
    offset: state.offset + slot * directions * batch * hidden,
  });
  return { hidden: window(0), cell: window(2) };
}

function lower(context: LowerContext, cell: Cell): void {
  const settings = recurrentSettings(context, cell);
  const sizes = recurrentSizes(settings, context.type(0).shape, context.type(2).shape);
  const { batch, hidden, directions } = sizes;
  const rows = gateCounts[cell] * hidden;
  const dense = (index: number) =>
    context.hasInput(index) ? context.withLayout(context.input(index), 'row-major') : undefined;
  const stateShape = [3, directions, batch, hidden];
  const state: Operand = {
    ...context.scratch(product(stateShape) * 4),
    shape: stateShape,
    strides: denseStrides(stateShape, 'row-major'),
  };
  const windows = stateWindows(state, settings, sizes);
  const hasInitial = { hidden: context.hasInput(5), cell: cell === 'lstm' && context.hasInput(6) };
  if (hasInitial.hidden) context.emit(scaledCopyEmission(context.input(5), windows.hidden, 1, context.profile));
  if (hasInitial.cell) context.emit(scaledCopyEmission(context.input(6), windows.cell, 1, context.profile));
  const y = context.allocate({ dataType: context.type(0).dataType, shape: yShape(settings, sizes) });
  const operands = {
    projected: project(context, sizes, gateCounts[cell]),
    recurrent: recurrentWeights(context, rows, hidden, directions),
    bias: dense(3),
    lengths: context.hasInput(4) ? context.input(4) : undefined,
    peepholes: cell === 'lstm' ? dense(7) : undefined,
    state,
    hasInitial,
    y,
  };
  context.emit(recurrentEmission(settings, sizes, operands, context.profile));
  if (context.hasOutput(0)) context.output(0, y);
  [windows.hidden, windows.cell].forEach((window, i) => {
    if (!context.hasOutput(i + 1)) return;
    const output = context.allocate(context.outputType(i + 1));
    context.emit(scaledCopyEmission(window, output, 1, context.profile));
    context.output(i + 1, output);
  });
}

function yShape(settings: RecurrentSettings, { steps, batch, hidden, directions }: RecurrentSizes): number[] {
  return settings.isBatchFirst ? [batch, steps, directions, hidden] : [steps, directions, batch, hidden];
}

function recurrentOperator(type: string, cell: Cell): Operator {
  return {
    type,
    domain: '',
    since: 7,
    infer: (context) => infer(context, cell),
    evaluate: (context) => evaluateRecurrent(context, cell),
    lower: (context) => lower(context, cell),
  };
}

export const recurrentOperators: readonly Operator[] = [
  recurrentOperator('GRU', 'gru'),
  recurrentOperator('LSTM', 'lstm'),
  recurrentOperator('RNN', 'rnn'),
];
