import type { NodePlacement } from '@tessera/runtime';

/** What became of a case: passed where there is no error. */
export interface Outcome {
  readonly name: string;
  readonly ms: number;
  /** The first line of the error or of the difference. */
  readonly error?: string;
  /** Of a TesseraError. */
  readonly code?: string;
  /** Where its nodes ran. */
  readonly placements?: readonly NodePlacement[];
}

/** From the child: a case begins, or has ended. */
export type Message = { readonly begins: string } | Outcome;
