import type { ChoiceOptions } from '../candidates.js';
import { ConvProblemError } from '../errors.js';
import type { Plan } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { gather } from './direct.js';
import { phases } from './phases.js';
import { checkConvTranspose, type ConvTransposeProblem } from './problem.js';
import type { ConvTransposeAlgorithm } from './types.js';

/** Every algorithm of transposed convolutions. */
export const convTransposeAlgorithms: readonly ConvTransposeAlgorithm[] = [phases, gather];

/** An algorithm's predicted seconds for a transposed convolution, or why it is out. */
export interface TransposeCandidate {
  readonly algorithm: string;
  readonly predictedSeconds?: number;
  readonly refusal?: string;
}

/**
 * All algorithms' answers, the cheapest first and the refusals last. `only` and `forbid` may name them, or the algorithms
 * of the convolutions that `phases` is made of. Throws ConvProblemError where the problem is wrong.
 */
export function explainConvTranspose(
  problem: ConvTransposeProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): readonly TransposeCandidate[] {
  checkConvTranspose(problem, device);
  const { own, inner } = split(options);
  const candidates = convTransposeAlgorithms.map((algorithm): TransposeCandidate => {
    const { name } = algorithm;
    if (own.only !== undefined && own.only !== name) {
      return { algorithm: name, refusal: `only ${own.only} is asked for` };
    }
    if (own.forbid?.includes(name)) return { algorithm: name, refusal: 'forbidden' };
    const supported = algorithm.supports(problem, device, inner);
    if (supported !== true) return { algorithm: name, refusal: supported };
    return { algorithm: name, predictedSeconds: algorithm.cost(problem, device, inner) };
  });
  return candidates.sort((a, b) => (a.predictedSeconds ?? Infinity) - (b.predictedSeconds ?? Infinity) || 0);
}

/**
 * Plans of a transposed convolution, to run in order; each packs the same weights its own way, and wants scratch of its
 * own size, which may be shared. Throws ConvProblemError.
 */
export function planConvTranspose(
  problem: ConvTransposeProblem,
  device: DeviceProfile,
  options: ChoiceOptions = {},
): readonly Plan[] {
  const [best] = explainConvTranspose(problem, device, options).filter((c) => c.refusal === undefined);
  const algorithm = best && convTransposeAlgorithms.find(({ name }) => name === best.algorithm);
  if (algorithm) return algorithm.plan(problem, device, split(options).inner);
  const reasons = explainConvTranspose(problem, device, options).map((c) => `${c.algorithm}: ${c.refusal}`);
  throw new ConvProblemError('algorithm', `no algorithm takes this transposed convolution (${reasons.join('; ')}).`);
}

/** Options for the choice between transposed algorithms, and for the convolutions inside. */
function split(options: ChoiceOptions): { readonly own: ChoiceOptions; readonly inner: ChoiceOptions } {
  const isOwn = (name: string): boolean => convTransposeAlgorithms.some((algorithm) => algorithm.name === name);
  const { only } = options;
  const ownOnly = only !== undefined && isOwn(only);
  return {
    own: { ...options, only: ownOnly ? only : only === undefined ? undefined : 'phases' },
    inner: { ...options, only: ownOnly ? undefined : only },
  };
}
