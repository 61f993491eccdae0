import type { Comparison } from './kinds.js';

/** What a worker is to do: one comparison, all named problems, or so many comparisons of random problems. */
export type Work =
  | { readonly task: 'one'; readonly comparison: Comparison }
  | { readonly task: 'named'; readonly kind: string; readonly only?: string }
  | {
      readonly task: 'random';
      /** Problems first, first + step, ... */
      readonly first: number;
      readonly step: number;
      readonly seed: number;
      readonly comparisons: number;
      readonly only?: string;
    };

/** What a worker says: before and after each comparison, and with which problem to go on. */
export type Message =
  | { readonly adapter: string }
  | { readonly begins: Comparison; readonly index: number }
  | { readonly ends: string; readonly wrong?: string }
  | { readonly next: number };
