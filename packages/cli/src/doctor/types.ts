import type { AdapterReport, MemoryReport } from '@tessera/runtime';
import type { CeilingsReport } from '../profile/types.js';

/** What `infer doctor` found; the document of --json. Sizes in bytes, rates per second; keys are only ever added. */
export interface DoctorReport {
  readonly schema: 'tessera.doctor';
  readonly version: 1;
  readonly node: string;
  readonly platform: string;
  /** In the order of preference. */
  readonly adapters: readonly AdapterReport[];
  /** The one in use; null without any. */
  readonly adapter: {
    readonly name: string;
    readonly limits: Readonly<Record<string, number>>;
    readonly ceilings: CeilingsReport;
  } | null;
  readonly missing: readonly Missing[];
  readonly model: ModelDiagnosis | null;
}

/** Something that this machine or adapter lacks. */
export interface Missing {
  readonly what: string;
  /** What it costs. */
  readonly effect: string;
  readonly remedy: string;
}

export interface ModelDiagnosis {
  readonly file: string;
  /** Null where the model runs. */
  readonly refusal: string | null;
  /** Nodes that would not run on the GPU. */
  readonly elsewhere: readonly { readonly name: string; readonly opType: string; readonly why: string }[];
  readonly memory: MemoryReport | null;
}
