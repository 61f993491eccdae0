/** What became of a case: passed where there is no error. */
export interface Outcome {
  readonly name: string;
  readonly ms: number;
  /** The first line of the error or of the difference. */
  readonly error?: string;
  /** Of a TesseraError. */
  readonly code?: string;
  /** Inputs that were made constant, because their values decide shapes. */
  readonly constants?: readonly string[];
}

/** From the child: a case begins, or has ended. */
export type Message = { readonly begins: string } | Outcome;
