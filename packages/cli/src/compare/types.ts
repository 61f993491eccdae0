import type { AdapterReport, Precision } from '@tessera/runtime';
import type { Difference } from './difference.js';

/** All that `infer compare` reports, and the document of --json; keys are only ever added. */
export interface CompareReport {
  readonly schema: 'tessera.compare';
  readonly version: 1;
  readonly model: string;
  readonly reference: string;
  readonly adapter: AdapterReport;
  readonly precision: Precision;
  readonly dims: Readonly<Record<string, number>>;
  readonly assumedDims: readonly string[];
  readonly rtol: number;
  /** Null: `rtol` times the largest value of each tensor. */
  readonly atol: number | null;
  /** The model's outputs. */
  readonly outputs: readonly ComparedValue[];
  /** What the layers make, in the order they run. */
  readonly layers: readonly ComparedValue[];
  /** Index into `layers` of the first that differs; null where none does. */
  readonly firstDivergence: number | null;
  /** Names of values that the reference does not have. */
  readonly notCompared: readonly string[];
  readonly isInterrupted: boolean;
  /** Whether everything compared agrees. */
  readonly agrees: boolean;
}

export interface ComparedValue {
  /** The value's name. */
  readonly value: string;
  /** The node that makes it, as the program runs it, and the file's nodes it stands for. */
  readonly layer: string;
  readonly opType: string;
  readonly origins: readonly string[];
  readonly shape: readonly number[];
  /** Null where the two cannot be compared by numbers: types or shapes differ, as `problem` says. */
  readonly difference: Difference | null;
  readonly problem: string | null;
  /** Elements of the reference beyond 65,504, the largest number of fp16. */
  readonly beyondHalf: number;
  readonly verdict: Verdict;
}

/**
 * 'overflows': in fp16, where the reference passes 65,504. 'imprecise': in fp16, within the tolerance but further off
 * than sums of halves should be.
 */
export type Verdict = 'agrees' | 'differs' | 'overflows' | 'imprecise';
