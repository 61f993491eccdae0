import type { LayerReport, Precision, Session, Tensor } from '@tessera/runtime';
import { describeTensor, elementCount, numericValues } from '../inputs/values.js';
import { differenceOf, type Tolerances } from './difference.js';
import type { Reference } from './reference.js';
import type { ComparedValue, Verdict } from './types.js';

/** The largest number of fp16. */
const HALF_MAX = 65_504;

/**
 * Relative error that sums of halves may reach: 16 times 2^-11, the unit of rounding; a network's layers stay below
 * unless a sum is kept in fp16 or its values lie near the ends of the range.
 */
const HALF_ERROR = 16 * 2 ** -11;

/** Bytes of values that are held at once, on either side. */
const BATCH_BYTES = 256 * 2 ** 20;

/** A value to compare, and the layer that makes it. */
export interface Subject {
  readonly value: string;
  readonly layer: LayerReport;
}

export interface Comparing {
  readonly session: Session;
  readonly reference: Reference;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly precision: Precision;
  readonly tolerances: Tolerances;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
  /** Given every value of ours that is compared. */
  readonly onValue?: (name: string, tensor: Tensor) => void;
}

/** What the layers of a session make, in the order they run, each value once; the model's outputs last. */
export function subjectsOf(session: Session): Subject[] {
  const given = new Set(session.inputs.map(({ name }) => name));
  const layers = session.report.layers.flatMap((layer) =>
    layer.outputs.filter((value) => !given.has(value)).map((value) => ({ value, layer })),
  );
  const made = new Set(layers.map(({ value }) => value));
  const rest = session.outputs
    .filter(({ name }) => !made.has(name))
    .map(({ name }) => ({ value: name, layer: outputLayer(name) }));
  return [...layers, ...rest];
}

/** An output that no dispatch makes by itself: a view of another value, or known without running. */
function outputLayer(name: string): LayerReport {
  const nothing = { dispatches: 0, flops: 0, bytes: 0 };
  return { name, opType: 'output', origins: [], outputs: [name], algorithm: '', shape: [], ...nothing };
}

/** Compares in batches that fit in memory. An aborted signal ends it after the batch under way. */
export async function compareValues(subjects: readonly Subject[], comparing: Comparing): Promise<ComparedValue[]> {
  const { session, reference, feeds, signal, onProgress, onValue } = comparing;
  const compared: ComparedValue[] = [];
  for (const batch of batches(subjects)) {
    if (signal.aborted && compared.length > 0) break;
    const names = [...new Set(batch.map(({ value }) => value))];
    const ours = await session.run(feeds, { outputs: names });
    const wanted = await reference.values(names);
    for (const subject of batch) {
      onValue?.(subject.value, ours[subject.value]);
      compared.push(compareValue(subject, ours[subject.value], wanted[subject.value], comparing));
    }
    onProgress(compared.length, subjects.length);
  }
  return compared;
}

function batches(subjects: readonly Subject[]): Subject[][] {
  const made: Subject[][] = [];
  let room = 0;
  for (const subject of subjects) {
    const bytes = 4 * elementCount(subject.layer.shape);
    if (made.length === 0 || bytes > room) {
      made.push([]);
      room = BATCH_BYTES;
    }
    made[made.length - 1].push(subject);
    room -= bytes;
  }
  return made;
}

function compareValue(
  { value, layer }: Subject,
  ours: Tensor,
  reference: Tensor,
  { precision, tolerances }: Comparing,
): ComparedValue {
  const difference = differenceOf(ours, reference, tolerances) ?? null;
  const beyondHalf = countBeyondHalf(reference);
  const { name, opType, origins } = layer;
  const same = ours.dataType === reference.dataType && ours.dims.join() === reference.dims.join();
  const [is, wanted] = [ours, reference].map(({ dataType, dims }) => describeTensor(dataType, dims));
  const problem = same ? null : `it is ${is}, and the reference's is ${wanted}`;
  const isHalf = precision === 'fp16';
  return {
    value,
    layer: name,
    opType,
    origins,
    shape: ours.dims,
    difference,
    problem: difference ? null : problem,
    beyondHalf,
    verdict: verdictOf(),
  };

  function verdictOf(): Verdict {
    if (!difference) return problem === null && sameText(ours, reference) ? 'agrees' : 'differs';
    if (isHalf && beyondHalf > 0) return 'overflows';
    if (difference.wrong > 0) return 'differs';
    return isHalf && difference.relative > HALF_ERROR ? 'imprecise' : 'agrees';
  }
}

/** For types without numbers, such as strings. */
function sameText(ours: Tensor, reference: Tensor): boolean {
  return Array.from(ours.data, String).join('\u0000') === Array.from(reference.data, String).join('\u0000');
}

function countBeyondHalf(tensor: Tensor): number {
  const values = numericValues(tensor);
  if (!values || !/^b?float|^double/.test(tensor.dataType)) return 0;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const magnitude = Math.abs(Number(values[i]));
    if (magnitude > HALF_MAX && magnitude !== Infinity) count++;
  }
  return count;
}
