import { sumOfProductsEmission } from '../kernels/einsum.js';
import { collapseWalk } from '../kernels/walk.js';
import { denseStrides } from '../program/layout.js';
import type { Tensor } from '../tensor.js';
import { readEquation, stridesAlong, type Equation } from './einsum-equation.js';
import { rowMajorStrides } from './elementwise.js';
import { fromWrappedNumbers, isInteger, toNumbers } from './helpers.js';
import { forEachIndex, product } from './host-index.js';
import { lowerMatrixProduct } from './matrix-product.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, Operand, Operator } from './types.js';

/** Inputs that one kernel binds beside its output, on any device. */
const maxInputs = 7;

function infer(context: InferContext): readonly InferResult[] {
  const types = Array.from({ length: context.inputCount }, (_, i) => context.type(i));
  const { dataType } = types[0];
  const shapes = types.flatMap(({ shape }) => (shape ? [shape] : []));
  if (shapes.length < types.length) return [{ dataType }];
  const { output, sizes } = readEquation(context, shapes);
  return [{ dataType, shape: output.map((label) => sizes.get(label)!) }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const inputs = Array.from({ length: context.inputCount }, (_, i) => context.input(i));
  const shapes = inputs.map((input) => input.dims);
  const { terms, output, summed, sizes } = readEquation(context, shapes);
  const labels = [...output, ...summed];
  const shape = labels.map((label) => sizes.get(label) as number);
  const strides = terms.map((term, i) => stridesAlong(labels, term, shapes[i], rowMajorStrides(shapes[i])));
  const values = inputs.map(toNumbers);
  const dims = shape.slice(0, output.length);
  const perElement = product(shape.slice(output.length));
  const result = new Float64Array(product(dims));
  forEachIndex(shape, (index, flat) => {
    let term = 1;
    for (let i = 0; i < values.length; i++) {
      term *= values[i][index.reduce((at, position, axis) => at + position * strides[i][axis], 0)];
    }
    result[Math.floor(flat / perElement)] += term;
  });
  return [fromWrappedNumbers(inputs[0].dataType, dims, result)];
}

/** The labels of a product of two operands, as a batch of matrix products has them. */
interface MatrixLabels {
  readonly batch: readonly string[];
  readonly m: readonly string[];
  readonly k: readonly string[];
  readonly n: readonly string[];
}

/** Undefined where the equation is no batch of matrix products: a label is summed in one operand alone. */
function matrixLabels({ terms, output, summed }: Equation): MatrixLabels | undefined {
  if (terms.length !== 2) return undefined;
  const [a, b] = terms;
  if (!summed.every((label) => a.includes(label) && b.includes(label))) return undefined;
  return {
    batch: output.filter((label) => a.includes(label) && b.includes(label)),
    m: output.filter((label) => !b.includes(label)),
    n: output.filter((label) => !a.includes(label)),
    k: summed,
  };
}

function lowerMatrices(context: LowerContext, inputs: readonly Operand[], equation: Equation, labels: MatrixLabels) {
  const { batch, m, k, n } = labels;
  const sizesOf = (group: readonly string[]) => group.map((label) => equation.sizes.get(label) as number);
  /** Views an operand as [batch..., rows, columns], copying it where a group of labels has no single stride. */
  const matrixOf = (i: number, rows: readonly string[], columns: readonly string[]): Operand => {
    const order = [...batch, ...rows, ...columns];
    const { shape, strides } = inputs[i];
    const view: Operand = {
      ...inputs[i],
      shape: sizesOf(order),
      strides: stridesAlong(order, equation.terms[i], shape, strides),
    };
    const merged = (operand: Operand, first: number, count: number) =>
      collapseWalk({
        sizes: operand.shape.slice(first, first + count),
        strides: { x: operand.strides.slice(first, first + count) },
      });
    const isMerged = [
      [batch.length, rows.length],
      [batch.length + rows.length, columns.length],
    ].every(([first, count]) => merged(view, first, count).sizes.length === 1);
    const operand = isMerged ? view : context.withLayout(view, 'row-major');
    const stride = (first: number, count: number) => merged(operand, first, count).strides.x[0];
    return {
      ...operand,
      shape: [...sizesOf(batch), product(sizesOf(rows)), product(sizesOf(columns))],
      strides: [
        ...operand.strides.slice(0, batch.length),
        stride(batch.length, rows.length),
        stride(batch.length + rows.length, columns.length),
      ],
    };
  };
  const { dataType } = context.outputType(0);
  const shape = [...sizesOf(batch), product(sizesOf(m)), product(sizesOf(n))];
  const y = context.allocate({ dataType, shape });
  lowerMatrixProduct(context, { a: matrixOf(0, m, k), b: matrixOf(1, k, n), y });
  const order = [...batch, ...m, ...n];
  const strides = denseStrides(sizesOf(order), 'row-major');
  context.output(0, {
    ...y,
    shape: sizesOf(equation.output),
    strides: equation.output.map((label) => strides[order.indexOf(label)]),
  });
}

function lower(context: LowerContext): void {
  const inputs = Array.from({ length: context.inputCount }, (_, i) => context.input(i));
  const equation = readEquation(
    context,
    inputs.map((input) => input.shape),
  );
  const type = context.outputType(0);
  const labels = matrixLabels(equation);
  const isEmpty = [...equation.sizes.values()].includes(0);
  if (labels && !isInteger(type.dataType) && !isEmpty) return lowerMatrices(context, inputs, equation, labels);
  if (inputs.length > maxInputs) context.fail(`there are ${inputs.length} inputs; at most ${maxInputs} are supported`);
  const output = context.allocate(type);
  const along = (group: readonly string[]) => ({
    sizes: group.map((label) => equation.sizes.get(label) as number),
    inputs: inputs.map(({ shape, strides }, i) => stridesAlong(group, equation.terms[i], shape, strides)),
  });
  context.emit(sumOfProductsEmission(inputs, output, along(equation.output), along(equation.summed), context.profile));
  context.output(0, output);
}

export const einsumOperators: readonly Operator[] = [{ type: 'Einsum', domain: '', since: 12, infer, evaluate, lower }];
