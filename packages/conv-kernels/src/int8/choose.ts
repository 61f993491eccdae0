import { best, explain, weigh, type Candidate, type ChoiceOptions, type Weighed } from '../candidates.js';
import { ConvProblemError } from '../errors.js';
import { checkConv, checkGemm } from '../geometry.js';
import { isVectorLayout } from '../implicit.js';
import type { Plan } from '../plan.js';
import { convKey, gemmKey } from '../problem-key.js';
import type { DeviceProfile } from '../problem.js';
import { rooflineSeconds } from '../roofline.js';
import type { Int8Algorithm } from './algorithm.js';
import { int8Direct } from './direct.js';
import { int8Dot } from './dot.js';
import { int8Matrix } from './matrix.js';
import { asFloatConv, asFloatGemm, int8Conv, int8Gemm, type Int8Shape } from './implicit.js';
import type { Int8Arithmetic, Int8ConvProblem, Int8GemmProblem } from './problem.js';

/** Every int8 algorithm; each computes convolutions and matrix products. */
export const int8Algorithms: readonly Int8Algorithm[] = [int8Matrix, int8Dot, int8Direct];

const ranges = { int8: [-128, 127], uint8: [0, 255] } as const;

/** All algorithms weighed for an int8 convolution, for planning and tuning. Throws ConvProblemError. */
function weighInt8Conv(problem: Int8ConvProblem, device: DeviceProfile, options: ChoiceOptions): Weighed {
  checkConv(asFloatConv(problem), device);
  return weighShape(int8Conv(problem), convKey(asFloatConv(problem)), device, options);
}

/** As explainConv. The roofline is that of f32, which dot products of bytes may exceed. */
export function explainInt8Conv(
  problem: Int8ConvProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): readonly Candidate[] {
  const { flops, bytes } = int8Conv(problem);
  return explain(weighInt8Conv(problem, device, options), rooflineSeconds(flops, bytes, 'f32', device));
}

/** The dispatches of an int8 convolution by the cheapest algorithm, or the one asked for. Throws ConvProblemError. */
export function planInt8Conv(problem: Int8ConvProblem, device: DeviceProfile, options: ChoiceOptions = {}): Plan {
  return best(weighInt8Conv(problem, device, options)).plan;
}

/** All algorithms weighed for an int8 matrix product, for planning and tuning. Throws ConvProblemError. */
function weighInt8Gemm(problem: Int8GemmProblem, device: DeviceProfile, options: ChoiceOptions): Weighed {
  checkGemm(asFloatGemm(problem), device);
  return weighShape(int8Gemm(problem), gemmKey(asFloatGemm(problem), problem.constantWeights), device, options);
}

/** As explainInt8Conv. */
export function explainInt8Gemm(
  problem: Int8GemmProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): readonly Candidate[] {
  const { flops, bytes } = int8Gemm(problem);
  return explain(weighInt8Gemm(problem, device, options), rooflineSeconds(flops, bytes, 'f32', device));
}

/**
 * The dispatches of an int8 matrix product. Where the plan has a `packing`, `weights` is what it packs out of B as
 * `problem.b` lays it out; that needs constant weights.
 */
export function planInt8Gemm(problem: Int8GemmProblem, device: DeviceProfile, options: ChoiceOptions = {}): Plan {
  return best(weighInt8Gemm(problem, device, options)).plan;
}

function weighShape(shape: Int8Shape, key: string, device: DeviceProfile, options: ChoiceOptions): Weighed {
  checkArithmetic(shape.arithmetic);
  checkByteOutput(shape);
  return weigh(int8Algorithms, options, `${arithmeticKey(shape.arithmetic)} ${key}`, (algorithm) => {
    const supported = algorithm.supports(shape, device);
    if (supported !== true) return supported;
    const one = { seconds: algorithm.cost(shape, device), plan: (): Plan => algorithm.plan(shape, device) };
    return algorithm.variants?.(shape, device) ?? [one];
  });
}

/** What a tuning table must tell apart; the zero points' values do not change the time. */
function arithmeticKey({ inputType, inputStorage, weightType, weightZero, scale, result }: Int8Arithmetic): string {
  const output = 'storage' in result ? `${result.type} ${result.storage}` : result.type;
  return `${inputType} ${inputStorage} by ${weightType} zeros ${weightZero} scale ${scale} to ${output}`;
}

function checkArithmetic({ inputType, inputZero, scale, result }: Int8Arithmetic): void {
  const zeros = [
    ['inputZero', inputZero, inputType],
    ['result.zero', 'zero' in result ? result.zero : 0, 'zero' in result ? result.type : 'int8'],
  ] as const;
  for (const [name, zero, type] of zeros) {
    const [low, high] = ranges[type];
    if (zero === 'operand' || (Number.isInteger(zero) && zero >= low && zero <= high)) continue;
    throw new ConvProblemError(name, `${name} is ${zero}; an ${type} zero point is an integer from ${low} to ${high}.`);
  }
  if (result.type === 'int32' && scale !== 'none') {
    throw new ConvProblemError('scale', 'scale is given for an int32 result; int32 results are the sums themselves.');
  }
  const divisor = 'divisor' in result ? (result.divisor ?? 1) : 1;
  if (!(divisor > 0 && Number.isFinite(divisor))) {
    throw new ConvProblemError('divisor', `result.divisor is ${divisor}; it must be positive and finite.`);
  }
}

/** Threads store whole words. */
function checkByteOutput({ gemm, arithmetic }: Int8Shape): void {
  const { result } = arithmetic;
  if (!('storage' in result) || result.storage === 'words' || isVectorLayout(gemm.output, gemm.columns)) return;
  throw new ConvProblemError(
    'output',
    'output bytes must lie four channels of a group a word: channels innermost and, like every stride, a multiple of 4; store words instead.',
  );
}
