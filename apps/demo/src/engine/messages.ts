import type { AdapterReport, Progress, SessionReport, Tensor, ValueMetadata } from '@tessera/runtime/browser';

/** Where a model comes from: an address of this site, or files that the visitor gave. */
export type ModelSource =
  | { readonly url: string }
  | { readonly bytes: Uint8Array; readonly externalData?: Readonly<Record<string, Uint8Array>> };

export interface LoadOptions {
  /** Sizes of the symbolic dimensions. */
  readonly dims?: Readonly<Record<string, number>>;
}

/** Algorithms to use, by the names of nodes. */
export type Forced = Readonly<Record<string, string>>;

/** GPU milliseconds of one layer by one algorithm. */
export interface AlgorithmTime {
  readonly algorithm: string;
  readonly ms: number;
}

/** How far a load is: bytes received, or steps of the runtime's own phases. */
export interface LoadProgress {
  readonly phase: 'download' | Progress['phase'];
  readonly done: number;
  /** 0 where it is not known. */
  readonly total: number;
}

/** What the page must know of a loaded model. */
export interface LoadedModel {
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  readonly report: SessionReport;
}

export type Tensors = Readonly<Record<string, Tensor>>;

export interface RunResult {
  readonly outputs: Tensors;
  /** From the inputs in memory to the outputs in memory, in milliseconds. */
  readonly ms: number;
}

export type { AdapterReport, Tensor, ValueMetadata };
