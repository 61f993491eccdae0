import { Float16Array } from '@petamoriken/float16';
import { relativeDifference, type Values } from './compare.js';
import { sameDetections } from './detections.js';

export type Precision = 'fp32' | 'fp16' | 'int8';

/** How an architecture's answers are judged: by the precision it computes in, or as a set of boxes. */
export type Criterion = Precision | 'detection';

/** A tensor of either runtime; float16 as bits, or as the numbers that newer engines give. */
export interface Answer {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number | bigint>;
  readonly isHalf: boolean;
}

export interface Verdict {
  readonly passed: boolean;
  /** max|ours - reference| / max|reference|, the largest over the outputs; of detections, the share without a partner. */
  readonly difference: number;
  /** Why it failed. */
  readonly reason?: string;
}

export const tolerances = { fp32: 1e-3, fp16: 2e-2, int8: 5e-2 } as const;

/** The outputs of one run against the reference's. */
export function judge(
  criterion: Criterion,
  ours: Readonly<Record<string, Answer>>,
  reference: Readonly<Record<string, Answer>>,
): Verdict {
  const pairs = Object.entries(reference).map(([name, wanted]) => {
    if (!ours[name]) throw new Error(`output "${name}" is missing; there are ${Object.keys(ours).join(', ')}`);
    return { name, found: decoded(ours[name]), wanted: decoded(wanted) };
  });
  if (criterion === 'detection') return sameDetections(pairs);
  const difference = Math.max(...pairs.map(({ name, found, wanted }) => relativeDifference(name, found, wanted)));
  const tolerance = tolerances[criterion];
  if (difference <= tolerance) return { passed: true, difference };
  if (criterion === 'int8' && pairs.every(({ found, wanted }) => topClass(found) === topClass(wanted))) {
    return { passed: true, difference };
  }
  return { passed: false, difference, reason: `the difference must not exceed ${tolerance}` };
}

function decoded({ dims, data, isHalf }: Answer): Values {
  if (!isHalf || !(data instanceof Uint16Array)) return { dims, data };
  return { dims, data: Float32Array.from(new Float16Array(data.buffer as ArrayBuffer, data.byteOffset, data.length)) };
}

function topClass({ data }: Values): number {
  let best = 0;
  for (let i = 1; i < data.length; i++) if (Number(data[i]) > Number(data[best])) best = i;
  return best;
}
