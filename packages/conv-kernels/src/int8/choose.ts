import { pick, rank, type Candidate, type ChoiceOptions } from '../choose.js';
import { ConvProblemError } from '../errors.js';
import { checkConv, checkGemm } from '../geometry.js';
import { isVectorLayout } from '../implicit.js';
import type { Plan } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import type { Int8Algorithm } from './algorithm.js';
import { int8Direct } from './direct.js';
import { int8Dot } from './dot.js';
import { asFloatConv, asFloatGemm, int8Conv, int8Gemm, type Int8Shape } from './implicit.js';
import type { Int8Arithmetic, Int8ConvProblem, Int8GemmProblem } from './problem.js';

/** Every int8 algorithm; each computes convolutions and matrix products. */
export const int8Algorithms: readonly Int8Algorithm[] = [int8Dot, int8Direct];

const ranges = { int8: [-128, 127], uint8: [0, 255] } as const;

/** All algorithms' answers to an int8 convolution, the cheapest first and the refusals last. Throws ConvProblemError. */
export function explainInt8Conv(
  problem: Int8ConvProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): readonly Candidate[] {
  checkConv(asFloatConv(problem), device);
  return explain(int8Conv(problem), device, options);
}

/** The dispatches of an int8 convolution by the cheapest algorithm, or the one asked for. Throws ConvProblemError. */
export function planInt8Conv(problem: Int8ConvProblem, device: DeviceProfile, options: ChoiceOptions = {}): Plan {
  return pick(int8Algorithms, explainInt8Conv(problem, device, options), options).plan(int8Conv(problem), device);
}

/** All algorithms' answers to an int8 matrix product. Throws ConvProblemError. */
export function explainInt8Gemm(
  problem: Int8GemmProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): readonly Candidate[] {
  checkGemm(asFloatGemm(problem), device);
  return explain(int8Gemm(problem), device, options);
}

/**
 * The dispatches of an int8 matrix product. Where the plan has a `packing`, `weights` is what it packs out of B as
 * `problem.b` lays it out; that needs constant weights.
 */
export function planInt8Gemm(problem: Int8GemmProblem, device: DeviceProfile, options: ChoiceOptions = {}): Plan {
  return pick(int8Algorithms, explainInt8Gemm(problem, device, options), options).plan(int8Gemm(problem), device);
}

function explain(shape: Int8Shape, device: DeviceProfile, options: ChoiceOptions): readonly Candidate[] {
  checkArithmetic(shape.arithmetic);
  checkByteOutput(shape);
  return rank(int8Algorithms, options, (algorithm) => {
    const supported = algorithm.supports(shape, device);
    return supported === true
      ? { algorithm: algorithm.name, seconds: algorithm.cost(shape, device) }
      : { algorithm: algorithm.name, refusal: supported };
  });
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
