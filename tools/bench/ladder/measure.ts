import {
  convBytes,
  convFlops,
  convOperandBytes,
  explainConv,
  planConv,
  type Candidate,
  type ConvProblem,
  type DeviceProfile,
  type PlanTimer,
} from '@tessera/conv-kernels';
import { layerProblem, type Layer } from './sets.js';

/** One algorithm's variant on one layer. */
export interface Rung {
  readonly algorithm: string;
  readonly variant: string;
  readonly predictedSeconds: number;
  readonly seconds: number;
}

/** What was measured of one layer. */
export interface LayerFigures {
  readonly set: string;
  readonly layer: string;
  readonly count: number;
  readonly kernel: number;
  readonly isDepthwise: boolean;
  readonly batch: number;
  readonly elementType: 'f32' | 'f16';
  /** 2 per multiply-add. */
  readonly flops: number;
  readonly bytes: number;
  /** What cuDNN takes for the plain convolution, where it was asked. */
  readonly cudnnSeconds?: number;
  /** The fastest first. */
  readonly rungs: readonly Rung[];
  /** What the chooser takes without tuning. */
  readonly pick: Rung;
  /** Algorithms that were left out, and why. */
  readonly left: readonly { readonly algorithm: string; readonly reason: string }[];
}

export interface LayerRun {
  readonly set: string;
  readonly layer: Layer;
  readonly batch: number;
  readonly elementType: 'f32' | 'f16';
}

export interface Limits {
  /** Candidates of one layer at most. */
  readonly candidates: number;
  /** What is predicted to take longer is left out. */
  readonly seconds: number;
}

/**
 * Times the pick, level 0, the best predicted variant of every algorithm, all variants of those that have a few, and then further ones
 * in the order of prediction, all in turns.
 */
export async function measureLayer(
  run: LayerRun,
  device: DeviceProfile,
  time: PlanTimer,
  limits: Limits,
): Promise<LayerFigures> {
  const { set, layer, batch, elementType } = run;
  const problem = layerProblem(layer, batch, elementType);
  const explained = explainConv(problem, device);
  const left = explained.flatMap(({ algorithm, refusal }) => (refusal ? [{ algorithm, reason: refusal }] : []));
  const chosen = contenders(explained, limits);
  for (const { algorithm } of explained.filter((candidate) => !candidate.refusal)) {
    if ([...chosen, ...left].every((other) => other.algorithm !== algorithm)) {
      left.push({ algorithm, reason: 'beyond the budget' });
    }
  }
  const plans = chosen.map((candidate) => planConv(problem, device, { only: nameOf(candidate) }));
  const seconds = await time(plans.map((plan) => ({ plan, operandBytes: convOperandBytes(problem, plan) })));
  const rungs = chosen.map(({ algorithm, predictedSeconds = NaN }, i): Rung => {
    return { algorithm, variant: plans[i].variant, predictedSeconds, seconds: seconds[i] };
  });
  return {
    set,
    layer: layer.name,
    count: layer.count,
    kernel: layer.kernel,
    isDepthwise: layer.groups > 1,
    batch,
    elementType,
    ...work(problem),
    pick: rungs[0],
    rungs: [...rungs].sort((a, b) => a.seconds - b.seconds),
    left,
  };
}

function work(problem: ConvProblem): { readonly flops: number; readonly bytes: number } {
  return { flops: convFlops(problem), bytes: convBytes(problem) };
}

function nameOf({ algorithm, variant }: Candidate): string {
  return variant === undefined ? algorithm : `${algorithm} ${variant}`;
}

/** Of an algorithm with so many variants all are timed before further ones of the others. */
const few = 3;

/** The pick first; `explained` is in the order of prediction. */
function contenders(explained: readonly Candidate[], { candidates, seconds }: Limits): readonly Candidate[] {
  const open = explained.filter(({ refusal }) => refusal === undefined);
  const [pick] = open;
  const affordable = open.filter((c) => c === pick || (c.predictedSeconds ?? Infinity) <= seconds);
  const isFirst = (c: Candidate): boolean => affordable.find((o) => o.algorithm === c.algorithm) === c;
  const isOfFew = (c: Candidate): boolean => open.filter((o) => o.algorithm === c.algorithm).length <= few;
  const rank = (c: Candidate): number => {
    if (c === pick) return 0;
    if (c.algorithm === 'direct') return 1;
    return isFirst(c) ? 2 : isOfFew(c) ? 3 : 4;
  };
  const ordered = [...affordable].sort((a, b) => rank(a) - rank(b));
  return ordered.slice(0, candidates);
}
