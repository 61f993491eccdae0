import type { TuningFile } from '@tessera/runtime';
import type { Values } from '../../verify/zoo/compare.js';
import type { Sizes } from './inputs.js';

/** Who takes part: this project in one of its precisions, or one of onnxruntime-node's providers. */
export const contenderNames = ['fp32', 'fp16', 'strict', 'ort-webgpu', 'ort-cpu'] as const;
export type ContenderName = (typeof contenderNames)[number];

/** What a child is asked; it answers each request by one message. */
export type Request =
  | {
      readonly kind: 'open';
      readonly model: string;
      readonly batch: number;
      /** Of the open dimensions that are not the batch. */
      readonly sizes: Sizes;
      /** Times of kernels to start from, or the path of a file of them. */
      readonly tuning?: TuningFile | string;
    }
  | { readonly kind: 'tune'; readonly batch: number; readonly budgetMs: number }
  | { readonly kind: 'first'; readonly batch: number }
  | { readonly kind: 'turn'; readonly batch: number; readonly warmUpMs: number; readonly budgetMs: number }
  | { readonly kind: 'gpu'; readonly batch: number; readonly runs: number };

export type Answer = Opened | Tuned | First | Turn | Gpu | Failure;

export interface Opened {
  readonly kind: 'open';
  /** From the path to a session that is ready for this batch, the device included. */
  readonly createMs: number;
  readonly parts?: CreationParts;
  readonly adapter?: string;
  readonly driver?: string;
}

/** What this project tells of its share of the creation, in milliseconds, one after another; the device is opened first. */
export interface CreationParts {
  readonly deviceMs: number;
  /** Reading the file and understanding the graph. */
  readonly loadMs: number;
  /** Choosing and writing the kernels. */
  readonly lowerMs: number;
  /** Packing and uploading the weights, while pipelines compile. */
  readonly uploadMs: number;
  /** Waiting for the pipelines after that. */
  readonly compileMs: number;
}

/** What this contender knows of kernels' times when it has tuned. */
export interface Tuned {
  readonly kind: 'tune';
  readonly tuning: TuningFile;
}

export interface First {
  readonly kind: 'first';
  /** The first run with this batch; beyond the batch opened with, it compiles what the batch needs. */
  readonly firstRunMs: number;
  readonly outputs: Readonly<Record<string, Values>>;
}

export interface Turn {
  readonly kind: 'turn';
  /** Milliseconds of each run, from the input in host memory to the outputs in host memory. */
  readonly times: readonly number[];
  /** As `times`, with the input written before into memory that the GPU copies from; where the runtime has such. */
  readonly stagedTimes: readonly number[];
}

/** What only this project tells of a run. */
export interface GpuFigures {
  /** The whole run in its one pass, the gaps between dispatches included. */
  readonly wholeMs?: number;
  /** The sum over the layers, each in a pass of its own, without what such a pass costs. */
  readonly layersMs?: number;
  /** What a pass of its own costs a dispatch. */
  readonly passCostMs?: number;
  readonly flops?: number;
  readonly dispatches: number;
  readonly pipelines: number;
  readonly peakBytes: number;
}

export interface Gpu {
  readonly kind: 'gpu';
  readonly figures: GpuFigures;
}

export interface Failure {
  readonly kind: 'failure';
  readonly reason: string;
}
