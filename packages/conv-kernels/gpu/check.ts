import {
  convOutputDims,
  convOutputSize,
  fromHalf,
  kernelTaps,
  planAveragedProduct,
  planConv,
  planConvTranspose,
  planGemm,
  planPooledConv,
  toHalf,
} from '../src/index.js';
import type {
  ActivationFunction,
  ActivationLayout,
  AveragedProductProblem,
  ChoiceOptions,
  ConvProblem,
  GemmProblem,
  MatrixLayout,
  Plan,
  PooledConvProblem,
} from '../src/index.js';
import type { ConvTransposeProblem, SpatialLayout } from '../src/index.js';
import { referenceAveragedProduct, referenceConvTranspose, referencePooledConv } from '../src/index.js';
import { inputType, layoutEnd, matrixEnd, outputType } from '../src/geometry.js';
import { referenceConv, referenceGemm } from '../src/reference.js';
import { planTolerance, spreadsNonFinite, type Tolerance } from '../src/tolerance.js';
import { runPlan, type HostOperands, type TestDevice } from './harness.js';
import { random, type Random } from './random.js';

/** Elements after the last one of a view that must stay as they were. */
const guard = 19;
/** Quiet NaNs with a recognisable payload. */
const poison = { f32: 0x7fc0beef, f16: 0x7e5a } as const;

type Type = 'f32' | 'f16';

/** Positions, in elements, of a view's elements. */
type Visit = (each: (at: number) => void) => void;

/** Runs a convolution on the device and compares it with the reference; what is wrong, or undefined. */
export async function checkConvCase(
  test: TestDevice,
  problem: ConvProblem,
  options: ChoiceOptions = {},
): Promise<string | undefined> {
  return checkConvPlan(test, problem, planConv(problem, test.profile, options));
}

/**
 * Runs a plan of a convolution and compares it with the reference. `spoil` may change elements of the input before both;
 * it is given the input and the positions of its elements.
 */
export async function checkConvPlan(
  test: TestDevice,
  problem: ConvProblem,
  plan: Plan,
  spoil?: (input: Float32Array, positions: readonly number[]) => void,
): Promise<string | undefined> {
  const inDims = [problem.batch, problem.inChannels, problem.inHeight, problem.inWidth];
  const outDims = convOutputDims(problem);
  const channels = problem.inChannels / problem.groups;
  const k = channels * kernelTaps(problem);
  const source = random(k * 7 + outDims[1]);
  const type = problem.elementType;
  const { residual, slope: hasSlope } = problem.epilogue;
  const inSlices = { size: problem.depth?.inDepth ?? 1, stride: problem.depth?.inputStride ?? 0 };
  const outDepth = convOutputSize(problem).depth;
  const outSlices = { size: outDepth, stride: problem.depth?.outputStride ?? 0 };
  const addedSlices = { size: outDepth, stride: problem.depth?.residualStride ?? 0 };
  const activation = (layout: ActivationLayout, dims: readonly number[], slices: Slices): Float32Array =>
    filled(visitLayout(layout, dims, slices), layoutEnd(layout, dims, slices), type, source, 1);
  const input = activation(problem.input, inDims, inSlices);
  if (spoil) spoil(input, positionsOf(visitLayout(problem.input, inDims, inSlices)));
  const weights = values(problem.outChannels * k, type, source);
  const bias = problem.epilogue.bias ? values(problem.outChannels, 'f32', source) : undefined;
  const added = residual && activation(residual, outDims, addedSlices);
  const slope = hasSlope ? values(problem.outChannels, 'f32', source) : undefined;
  const end = layoutEnd(problem.output, outDims, outSlices);
  const want = expectation(end, visitLayout(problem.output, outDims, outSlices));
  const operands = { input, weights, bias, residual: added, slope };
  referenceConv(problem, operands, want.values);
  return compare(test, [plan], operands, want, type, k, problem.epilogue.activation, inputType(problem));
}

/** As checkConvCase, for a transposed convolution. */
export async function checkTransposeCase(
  test: TestDevice,
  problem: ConvTransposeProblem,
  options: ChoiceOptions = {},
): Promise<string | undefined> {
  const type = problem.elementType;
  const along = (name: 'input' | 'output' | 'kernel'): number[] => problem.axes.map((axis) => axis[name]);
  const k = along('kernel').reduce((product, size) => product * size, problem.inChannels / problem.groups);
  const outDims = [problem.batch, problem.outChannels, ...along('output')];
  const source = random(k * 7 + problem.outChannels);
  const activation = (layout: SpatialLayout, dims: readonly number[]): Float32Array =>
    filled(visitSpatial(layout, dims), spatialEnd(layout, dims), type, source, 1);
  const { bias, residual, slope } = problem.epilogue;
  const operands = {
    input: activation(problem.input, [problem.batch, problem.inChannels, ...along('input')]),
    weights: values(problem.outChannels * k, type, source),
    bias: bias ? values(problem.outChannels, 'f32', source) : undefined,
    residual: residual && activation(residual, outDims),
    slope: slope ? values(problem.outChannels, 'f32', source) : undefined,
  };
  const want = expectation(spatialEnd(problem.output, outDims), visitSpatial(problem.output, outDims));
  referenceConvTranspose(problem, operands, want.values);
  return compare(
    test,
    planConvTranspose(problem, test.profile, options),
    operands,
    want,
    type,
    k,
    problem.epilogue.activation,
  );
}

function spatialEnd({ offset, strides }: SpatialLayout, dims: readonly number[]): number {
  return dims.reduce((end, size, i) => end + (size - 1) * strides[i], offset) + 1;
}

function visitSpatial({ offset, strides }: SpatialLayout, dims: readonly number[]): Visit {
  const from = (at: number, axis: number, each: (at: number) => void): void => {
    if (axis === dims.length) return each(at);
    for (let i = 0; i < dims[axis]; i++) from(at + i * strides[axis], axis + 1, each);
  };
  return (each) => from(offset, 0, each);
}

/** As checkConvCase, for a GEMM. */
export async function checkGemmCase(
  test: TestDevice,
  problem: GemmProblem,
  constantB: boolean,
  options: ChoiceOptions = {},
): Promise<string | undefined> {
  const plan = planGemm(problem, test.profile, { ...options, constantB });
  const { batch, m, n, k, elementType: type } = problem;
  const source = random(k * 7 + n);
  const operand = (layout: MatrixLayout, rows: number, columns: number): Float32Array =>
    filled(visitMatrix(layout, batch, rows, columns), matrixEnd(layout, batch, rows, columns), type, source, 1);
  const input = operand(problem.a, m, k);
  const weights = operand(problem.b, k, n);
  const bias = problem.epilogue.bias ? values(n, 'f32', source) : undefined;
  const residual = problem.epilogue.residual && operand(problem.epilogue.residual, m, n);
  const slope = problem.epilogue.slope ? values(n, 'f32', source) : undefined;
  const want = expectation(matrixEnd(problem.c, batch, m, n), visitMatrix(problem.c, batch, m, n));
  const operands = { input, weights, bias, residual, slope };
  referenceGemm(problem, operands, want.values);
  return compare(test, [plan], operands, want, type, k, problem.epilogue.activation, type, outputType(problem));
}

/** As checkConvCase, for a product of means by one kernel. */
export async function checkAveragedProductCase(
  test: TestDevice,
  problem: AveragedProductProblem,
): Promise<string | undefined> {
  const plan = planAveragedProduct(problem, test.profile, { only: 'averaged-product' });
  if (!plan) return 'the kernel refuses the problem';
  const { batch, channels, height, width, columns, elementType: type, epilogue, output } = problem;
  const source = random(channels * 7 + columns);
  const dims = [batch, channels, height, width];
  const slices = { size: 1, stride: 0 };
  const operands = {
    input: filled(visitLayout(problem.input, dims, slices), layoutEnd(problem.input, dims), type, source, 1),
    weights: values(channels * columns, type, source),
    bias: epilogue.bias ? values(columns, 'f32', source) : undefined,
  };
  const rows: MatrixLayout = { ...output, batchStride: 0 };
  const want = expectation(matrixEnd(rows, 1, batch, columns), visitMatrix(rows, 1, batch, columns));
  referenceAveragedProduct(problem, operands, want.values);
  return compare(test, [plan], operands, want, type, channels, epilogue.activation, type, outputType(problem));
}

/** As checkConvCase, for a convolution with the maxima of its windows by one kernel. */
export async function checkPooledConvCase(test: TestDevice, problem: PooledConvProblem): Promise<string | undefined> {
  const plan = planPooledConv(problem, test.profile, { only: 'few-channels-pool' });
  if (!plan) return 'the kernel refuses the problem';
  const { conv, pool, output } = problem;
  const { elementType: type, epilogue } = conv;
  const k = conv.inChannels * kernelTaps(conv);
  const source = random(k * 7 + conv.outChannels);
  const slices = { size: 1, stride: 0 };
  const inDims = [conv.batch, conv.inChannels, conv.inHeight, conv.inWidth];
  const outDims = [conv.batch, conv.outChannels, ...pool.output];
  const operands = {
    input: filled(visitLayout(conv.input, inDims, slices), layoutEnd(conv.input, inDims), type, source, 1),
    weights: values(conv.outChannels * k, type, source),
    bias: epilogue.bias ? values(conv.outChannels, 'f32', source) : undefined,
  };
  const want = expectation(layoutEnd(output, outDims), visitLayout(output, outDims, slices));
  referencePooledConv(problem, operands, want.values);
  return compare(test, [plan], operands, want, type, k, epilogue.activation, inputType(conv));
}

interface Operands {
  readonly input: Float32Array;
  readonly weights: Float32Array;
  readonly bias?: Float32Array;
  readonly residual?: Float32Array;
  readonly slope?: Float32Array;
}

/** Runs plans in order, each on what the one before left in the output. */
async function compare(
  test: TestDevice,
  plans: readonly Plan[],
  operands: Operands,
  want: Expectation,
  type: Type,
  k: number,
  activation: ActivationFunction | undefined,
  typeOfInput: Type = type,
  typeOfOutput: Type = type,
): Promise<string | undefined> {
  const host: HostOperands = { input: encode(operands.input, typeOfInput) };
  if (operands.bias) host.bias = Float32Array.from(operands.bias);
  if (operands.slope) host.slope = Float32Array.from(operands.slope);
  if (operands.residual) host.residual = encode(operands.residual, type);
  const { length } = want.values;
  host.output = typeOfOutput === 'f16' ? new Uint16Array(length) : new Uint32Array(length);
  (host.output as Uint16Array | Uint32Array).fill(poison[typeOfOutput]);
  for (const plan of plans) {
    host.weights = plan.packing ? plan.packing.pack(operands.weights) : encode(operands.weights, type);
    if (plan.packing && host.weights.byteLength !== plan.packing.byteLength) {
      return `packed ${host.weights.byteLength} bytes, and the plan says ${plan.packing.byteLength}`;
    }
    host.output = new Uint8Array(await runPlan(test, plan, host));
  }
  const last = plans[plans.length - 1];
  const tolerance = planTolerance(last, k, typeOfOutput, activation);
  return difference(host.output.buffer as ArrayBuffer, want, typeOfOutput, last, tolerance);
}

/** What a run must leave in the output buffer; elements that are no outputs keep their poison. */
interface Expectation {
  readonly values: Float64Array;
  readonly isOutput: Uint8Array;
}

function expectation(end: number, visit: Visit): Expectation {
  const isOutput = new Uint8Array(end + guard);
  visit((at) => (isOutput[at] = 1));
  return { values: new Float64Array(end + guard), isOutput };
}

function positionsOf(visit: Visit): number[] {
  const positions: number[] = [];
  visit((at) => positions.push(at));
  return positions;
}

function difference(
  result: ArrayBuffer,
  want: Expectation,
  type: Type,
  plan: Plan,
  tolerance: Tolerance,
): string | undefined {
  const bits = type === 'f16' ? new Uint16Array(result) : new Uint32Array(result);
  const floats = type === 'f32' ? new Float32Array(result) : undefined;
  const name = `${plan.algorithm} (${plan.variant})`;
  const isRight = comparison(plan, tolerance);
  for (let i = 0; i < want.values.length; i++) {
    if (!want.isOutput[i]) {
      if (bits[i] !== poison[type]) return `${name} wrote outside its output, at element ${i}`;
      continue;
    }
    if (bits[i] === poison[type]) return `${name} left element ${i} of its output unwritten`;
    const got = floats ? floats[i] : fromHalf(bits[i]);
    if (!isRight(got, want.values[i]))
      return `${name} gives ${got} at element ${i}, and the reference ${want.values[i]}`;
  }
  return undefined;
}

/** Whether a value is what the reference says, by the plan's tolerance and its rule for NaN and infinity. */
function comparison(plan: Plan, { absolute, relative }: Tolerance): (got: number, want: number) => boolean {
  const spreads = spreadsNonFinite(plan);
  return (got, want) => {
    if (spreads && !Number.isFinite(got)) return true;
    if (spreads && !Number.isFinite(want)) return false;
    if (Number.isNaN(want)) return Number.isNaN(got);
    return got === want || Math.abs(got - want) <= absolute + relative * Math.abs(want);
  };
}

/** Random values at a view's elements, NaN everywhere else, so that a stray read shows. */
function filled(visit: Visit, end: number, type: Type, source: Random, scale: number): Float32Array {
  const out = new Float32Array(end + guard).fill(NaN);
  visit((at) => {
    if (Number.isNaN(out[at])) out[at] = rounded((source.next() * 2 - 1) * scale, type);
  });
  return out;
}

function values(count: number, type: Type, source: Random): Float32Array {
  return Float32Array.from({ length: count }, () => rounded(source.next() * 2 - 1, type));
}

function rounded(value: number, type: Type): number {
  return type === 'f16' ? fromHalf(toHalf(value)) : Math.fround(value);
}

function encode(source: Float32Array, type: Type): ArrayBufferView<ArrayBuffer> {
  return type === 'f16' ? Uint16Array.from(source, toHalf) : Float32Array.from(source);
}

/** The slices of a volume. */
interface Slices {
  readonly size: number;
  readonly stride: number;
}

function visitLayout(layout: ActivationLayout, dims: readonly number[], slices: Slices): Visit {
  const [sn, sc, sy, sx] = layout.strides;
  return (each) => {
    for (let n = 0; n < dims[0]; n++)
      for (let c = 0; c < dims[1]; c++)
        for (let z = 0; z < slices.size; z++)
          for (let y = 0; y < dims[2]; y++)
            for (let x = 0; x < dims[3]; x++)
              each(layout.offset + n * sn + c * sc + z * slices.stride + y * sy + x * sx);
  };
}

function visitMatrix(layout: MatrixLayout, batch: number, rows: number, columns: number): Visit {
  const { offset, batchStride, rowStride, columnStride } = layout;
  return (each) => {
    for (let b = 0; b < batch; b++)
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) each(offset + b * batchStride + r * rowStride + c * columnStride);
  };
}
