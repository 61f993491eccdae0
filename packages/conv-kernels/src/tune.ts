import { withPlan, type ChoiceOptions, type PlannedCandidate, type Weighed } from './candidates.js';
import { weighConv } from './choose.js';
import { weighGemm, type GemmOptions } from './gemm.js';
import { kernelHash } from './kernel-hash.js';
import { convOperandBytes, gemmOperandBytes, type OperandBytes } from './operand-bytes.js';
import { elementBytes, layoutEnd } from './geometry.js';
import type { Plan } from './plan.js';
import { planAveragedProduct, productOfMeans, type AveragedProductProblem } from './pooling/averaged-product.js';
import { averagedProductKey, pooledConvKey } from './pooling/keys.js';
import { planPooledConv, type PooledConvProblem } from './pooling/pooled-conv.js';
import { convKey, gemmKey } from './problem-key.js';
import type { ConvProblem, DeviceProfile, GemmProblem } from './problem.js';
import { tuningAdapter, type TimedCandidate, type TuningRecord } from './tuning.js';

/** A plan to be timed, and the bytes of the buffers that it needs. */
export interface TimingRequest {
  readonly plan: Plan;
  readonly operandBytes: OperandBytes;
}

/** Seconds of each plan, taken in turns on the device so that all meet the same conditions. The caller's, who has the device. */
export type PlanTimer = (requests: readonly TimingRequest[]) => Promise<readonly number[]>;

export interface TuneOptions extends ChoiceOptions {
  /** How many candidates are timed at most; 8 without it. */
  readonly candidates?: number;
  /** What is predicted to take more than this many times the best prediction is not timed; 6 without it. */
  readonly within?: number;
}

/**
 * Times the most promising candidates of a convolution: the best variant of each algorithm first, then further variants.
 * Where `options.tuning` has times of all of them already, those are given back and nothing is timed. Throws
 * ConvProblemError, and what the timer throws.
 */
export function tuneConv(
  problem: ConvProblem,
  device: DeviceProfile,
  time: PlanTimer,
  options: TuneOptions = {},
): Promise<TuningRecord> {
  const weighed = weighConv(problem, device, options);
  return tune(convKey(problem), device, promising(weighed, options), time, (plan) => convOperandBytes(problem, plan));
}

/** As tuneConv, for a matrix product. */
export function tuneGemm(
  problem: GemmProblem,
  device: DeviceProfile,
  time: PlanTimer,
  options: TuneOptions & GemmOptions,
): Promise<TuningRecord> {
  const weighed = weighGemm(problem, device, options);
  const key = gemmKey(problem, options.constantB);
  return tune(key, device, promising(weighed, options), time, (plan) => gemmOperandBytes(problem, plan));
}

/** As tuneConv, for the one kernel of a convolution and the maxima of its windows; the convolution apart is another problem. */
export async function tunePooledConv(
  problem: PooledConvProblem,
  device: DeviceProfile,
  time: PlanTimer,
  options: ChoiceOptions = {},
): Promise<TuningRecord> {
  const { conv, pool, output } = problem;
  const plan = planPooledConv(problem, device, { only: 'few-channels-pool' });
  const bytes = (made: Plan): OperandBytes => {
    const end = layoutEnd(output, [conv.batch, conv.outChannels, ...pool.output]);
    return { ...convOperandBytes(conv, made), output: elementBytes(conv.elementType) * end };
  };
  return tuneOne(pooledConvKey(problem), plan, device, time, options, bytes);
}

/** As tuneConv, for the one kernel of means and their product; the product apart is another problem. */
export async function tuneAveragedProduct(
  problem: AveragedProductProblem,
  device: DeviceProfile,
  time: PlanTimer,
  options: ChoiceOptions = {},
): Promise<TuningRecord> {
  const { batch, channels, height, width, elementType } = problem;
  const plan = planAveragedProduct(problem, device, { only: 'averaged-product' });
  const bytes = (made: Plan): OperandBytes => {
    const end = layoutEnd(problem.input, [batch, channels, height, width]);
    return { ...gemmOperandBytes(productOfMeans(problem), made), input: elementBytes(elementType) * end };
  };
  return tuneOne(averagedProductKey(problem), plan, device, time, options, bytes);
}

/** Times one plan, unless its very kernel was timed; none where there is none. */
function tuneOne(
  key: string,
  plan: Plan | undefined,
  device: DeviceProfile,
  time: PlanTimer,
  { tuning }: ChoiceOptions,
  operandBytes: (plan: Plan) => OperandBytes,
): Promise<TuningRecord> {
  const planned = plan ? [plan] : [];
  return tune(
    key,
    device,
    planned.map((made) => {
      const known = tuning?.get(key)?.find(({ kernels }) => kernels === kernelHash(made));
      return { plan: made, candidate: { algorithm: made.algorithm, measuredSeconds: known?.seconds } };
    }),
    time,
    operandBytes,
  );
}

/** The candidates worth timing, planned. */
function promising(weighed: Weighed, { candidates = 8, within = 6 }: TuneOptions): readonly PlannedCandidate[] {
  const [first] = weighed.open;
  if (!first) return [];
  const near = weighed.open.filter(({ variant }) => variant.seconds <= within * first.variant.seconds);
  const isFirstOfAlgorithm = (i: number): boolean =>
    near.findIndex(({ algorithm }) => algorithm === near[i].algorithm) === i;
  const ordered = [...near.filter((_, i) => isFirstOfAlgorithm(i)), ...near.filter((_, i) => !isFirstOfAlgorithm(i))];
  return ordered.slice(0, candidates).map(withPlan);
}

async function tune(
  problem: string,
  device: DeviceProfile,
  planned: readonly PlannedCandidate[],
  time: PlanTimer,
  operandBytes: (plan: Plan) => OperandBytes,
): Promise<TuningRecord> {
  const isKnown = planned.every(({ candidate }) => candidate.measuredSeconds !== undefined);
  const seconds = isKnown
    ? planned.map(({ candidate }) => candidate.measuredSeconds!)
    : await time(planned.map(({ plan }) => ({ plan, operandBytes: operandBytes(plan) })));
  const candidates = planned.map(({ plan }, i): TimedCandidate => {
    const { algorithm, variant } = plan;
    return { algorithm, variant, kernels: kernelHash(plan), seconds: seconds[i] };
  });
  candidates.sort((a, b) => a.seconds - b.seconds);
  return { ...tuningAdapter(device), problem, candidates };
}
