import {
  convOutputDims,
  convOutputSize,
  kernelTaps,
  planInt8Conv,
  planInt8Gemm,
  referenceInt8Conv,
} from '../src/index.js';
import {
  referenceInt8Gemm,
  type ChoiceOptions,
  type ConvProblem,
  type Int8ConvProblem,
  type Plan,
} from '../src/index.js';
import type { Int8Arithmetic, Int8GemmProblem, Int8Operands, Int8Storage, Int8Type } from '../src/index.js';
import { layoutEnd, matrixEnd } from '../src/geometry.js';
import { runPlan, type HostOperands, type TestDevice } from './harness.js';
import { random, type Random } from './random.js';

/** Bytes, or words, after the last element that must stay as they were. */
const guard = 20;
const poison = 0x5aa7b3c9;

const ranges = { int8: [-128, 127], uint8: [0, 255] } as const;

/** Runs an int8 convolution on the device and compares it with the reference; what is wrong, or undefined. */
export function checkInt8Case(
  test: TestDevice,
  problem: Int8ConvProblem,
  options: ChoiceOptions = {},
): Promise<string | undefined> {
  return checkInt8Plan(test, problem, planInt8Conv(problem, test.profile, options));
}

/** As checkInt8Case, by a plan of the caller's. */
export async function checkInt8Plan(
  test: TestDevice,
  problem: Int8ConvProblem,
  plan: Plan,
): Promise<string | undefined> {
  const geometry: ConvProblem = { ...problem, elementType: 'f32', epilogue: { bias: false } };
  const k = (problem.inChannels / problem.groups) * kernelTaps(geometry);
  const { inDepth = 1, inputStride = 0, outputStride = 0 } = problem.depth ?? {};
  const inDims = [problem.batch, problem.inChannels, problem.inHeight, problem.inWidth];
  const slices = { size: convOutputSize(geometry).depth, stride: outputStride };
  const source = random(k * 5 + problem.outChannels);
  const operands = int8Operands(problem, source, problem.outChannels, {
    input: layoutEnd(problem.input, inDims, { size: inDepth, stride: inputStride }),
    weights: problem.outChannels * k,
  });
  const end = layoutEnd(problem.output, convOutputDims(geometry), slices);
  const want = new Float64Array(Math.ceil(end / 4) * 4 + guard).fill(NaN);
  referenceInt8Conv(problem, operands, want);
  return compare(test, plan, problem, operands, want);
}

/** As checkInt8Case, for a matrix product. */
export async function checkInt8Gemm(
  test: TestDevice,
  problem: Int8GemmProblem,
  options: ChoiceOptions = {},
): Promise<string | undefined> {
  const { batch, m, n, k } = problem;
  const source = random(k * 5 + n);
  const operands = int8Operands(problem, source, n, {
    input: matrixEnd(problem.a, batch, m, k),
    weights: matrixEnd(problem.b, batch, k, n),
  });
  const want = new Float64Array(Math.ceil(matrixEnd(problem.c, batch, m, n) / 4) * 4 + guard).fill(NaN);
  referenceInt8Gemm(problem, operands, want);
  return compare(test, planInt8Gemm(problem, test.profile, options), problem, operands, want);
}

function int8Operands(
  p: Int8Arithmetic,
  source: Random,
  channels: number,
  sizes: { readonly input: number; readonly weights: number },
): Int8Operands {
  const bytes = (count: number, type: Int8Type): Int32Array =>
    Int32Array.from({ length: count }, () => source.int(...(ranges[type] as [number, number])));
  const { result } = p;
  const spread = 1 / Math.sqrt(sizes.weights / channels) / 4000;
  return {
    input: bytes(sizes.input, p.inputType),
    weights: bytes(sizes.weights, p.weightType),
    bias: p.bias ? Int32Array.from({ length: channels }, () => source.int(-5000, 5000)) : undefined,
    scale:
      p.scale === 'none'
        ? undefined
        : Float32Array.from(
            { length: p.scale === 'channel' ? channels : 1 },
            () => (source.next() + 0.5) * spread * 60,
          ),
    inputZero: p.inputZero === 'operand' ? bytes(1, p.inputType) : undefined,
    weightZero: p.weightZero === 'none' ? undefined : bytes(p.weightZero === 'channel' ? channels : 1, p.weightType),
    outputZero:
      'zero' in result && result.zero === 'operand' ? bytes(1, result.type === 'int8' ? 'int8' : 'uint8') : undefined,
  };
}

async function compare(
  test: TestDevice,
  plan: Plan,
  problem: Int8Arithmetic,
  operands: Int8Operands,
  want: Float64Array,
): Promise<string | undefined> {
  const numbers = Float32Array.from(operands.weights);
  const weights = plan.packing ? plan.packing.pack(numbers) : Int32Array.from(operands.weights);
  if (plan.packing && weights.byteLength !== plan.packing.byteLength) {
    return `packed ${weights.byteLength} bytes, and the plan says ${plan.packing.byteLength}`;
  }
  const storage = 'storage' in problem.result ? problem.result.storage : 'words';
  const host: HostOperands = {
    input: stored(operands.input, problem.inputStorage),
    weights,
    output: new Uint32Array(storage === 'bytes' ? want.length / 4 : want.length).fill(poison),
  };
  for (const name of ['bias', 'inputZero', 'weightZero', 'outputZero'] as const) {
    const values = operands[name];
    if (values) host[name] = Int32Array.from(values);
  }
  if (operands.scale) host.scale = Float32Array.from(operands.scale);
  return difference(await runPlan(test, plan, host), want, problem, plan);
}

function stored(values: ArrayLike<number>, storage: Int8Storage): ArrayBufferView<ArrayBuffer> {
  return storage === 'words' ? Int32Array.from(values) : Int8Array.from(values);
}

/** Exact sums must be exact; a rounded value may be one of two where fp32 cannot tell on which side of a tie it lies. */
function difference(result: ArrayBuffer, want: Float64Array, p: Int8Arithmetic, plan: Plan): string | undefined {
  const { type } = p.result;
  const bytes = 'storage' in p.result && p.result.storage === 'bytes';
  const untouched = bytes ? new Uint8Array(new Uint32Array([poison]).buffer) : undefined;
  const raw = bytes ? new Uint8Array(result) : new Int32Array(result);
  const got = type === 'f32' ? new Float32Array(result) : bytes && type === 'int8' ? new Int8Array(result) : raw;
  for (let i = 0; i < want.length; i++) {
    const name = `${plan.algorithm} (${plan.variant})`;
    if (Number.isNaN(want[i])) {
      if (raw[i] !== (untouched ? untouched[i % 4] : poison))
        return `${name} wrote outside its output, at element ${i}`;
      continue;
    }
    const room = type === 'int32' ? 0 : type === 'f32' ? 2 ** -20 * Math.abs(want[i]) + 2e-6 : 0.5 + 2 ** -14;
    if (!(Math.abs(got[i] - want[i]) <= room)) {
      return `${name} gives ${got[i]} at element ${i}, and the reference ${want[i]}`;
    }
  }
  return undefined;
}
