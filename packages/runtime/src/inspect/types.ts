import type { DataType } from '@tessera/onnx-loader';
import type { LayerReport, MemoryReport, Precision, ValueMetadata } from '../api.js';

/** What a model holds, found without running it and without a GPU. */
export interface ModelInspection {
  readonly irVersion: number;
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly inputs: readonly ValueMetadata[];
  readonly outputs: readonly ValueMetadata[];
  /** Sizes taken for the symbols of the inputs. */
  readonly dims: Readonly<Record<string, number>>;
  /** Elements of all initializers, and their bytes in the file. */
  readonly parameters: number;
  readonly parameterBytes: number;
  /** Multiply-adds of one run, of the nodes whose shapes are known; `uncounted` is how many nodes' are not. */
  readonly macs: number;
  readonly uncounted: number;
  /** The most frequent first. */
  readonly operators: readonly OperatorCount[];
  /** The file's nodes, functions inlined, in the order they run. */
  readonly nodes: readonly NodeInspection[];
  /** How the model would run as one program on a GPU; absent where it would not, and one of the two below says why. */
  readonly plan?: ModelPlan;
  /** Where the host takes part in a run, so that it goes by stages. */
  readonly staged?: string;
  /** Why the model cannot run with these sizes. */
  readonly refusal?: string;
}

/** How often a model uses an operator, and the multiply-adds of all its nodes. */
export interface OperatorCount {
  readonly opType: string;
  /** '' for ONNX's own. */
  readonly domain: string;
  readonly count: number;
  readonly macs: number;
  /** False where there is no definition of the operator for the model's operator set. */
  readonly isKnown: boolean;
}

/** A node of the file: what it takes and makes. */
export interface NodeInspection {
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly InspectedValue[];
  /** Undefined where a shape is not known. */
  readonly macs?: number;
  /** Why the node cannot run, where that is known of it alone. */
  readonly problem?: string;
}

/** A value with what is known of its type. */
export interface InspectedValue {
  readonly name: string;
  readonly dataType?: DataType;
  readonly shape?: readonly (number | string)[];
}

/** How a model would run on a device: its layers, the memory they share, dispatches and distinct pipelines. */
export interface ModelPlan {
  readonly layers: readonly LayerReport[];
  readonly memory: MemoryReport;
  readonly dispatches: number;
  readonly pipelines: number;
}

/** What an inspection takes as given. */
export interface InspectOptions {
  /** Sizes of symbolic dimensions of the inputs; the others are taken as 1. */
  readonly dims?: Readonly<Record<string, number>>;
  readonly precision?: Precision;
}
