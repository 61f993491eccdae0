import type { PackingMap } from './packing/map.js';
import type { Kernel, Param } from './wgsl/shader.js';

/** The buffers a plan speaks of; the caller owns them. `scratch` has the size the plan asks for. */
export type OperandName =
  | 'input'
  | 'weights'
  | 'bias'
  | 'residual'
  | 'slope'
  | 'scale'
  | 'inputZero'
  | 'weightZero'
  | 'outputZero'
  | 'output'
  | 'scratch';

/** One dispatch: which kernel, how many workgroups, its uniform values, and what each of its bindings is. */
export interface Dispatch {
  readonly kernel: Kernel;
  readonly workgroups: readonly [number, number, number];
  readonly params: readonly Param[];
  /** In the order of `kernel.bindings`. */
  readonly operands: readonly OperandName[];
}

/**
 * How weights are to lie in the `weights` buffer. Equal keys (for one source tensor) mean equal bytes, so that a
 * caller packs and uploads once. `pack` takes the values in OIHW (OIDHW) order ([k, n] row-major for a GEMM).
 */
export interface WeightPacking {
  readonly key: string;
  readonly byteLength: number;
  pack(values: Float32Array): ArrayBufferView<ArrayBuffer>;
  /** The same as plain data, from which a device can pack too (`packingDispatches`); absent where only the host can. */
  readonly map?: PackingMap;
}

/** All it takes to run a problem: dispatches in order, scratch bytes, the packing, and what it will cost. */
export interface Plan {
  /** The algorithm's name, such as `implicit-gemm`, with its variant: `implicit-gemm 64x64x16`. */
  readonly algorithm: string;
  readonly variant: string;
  readonly dispatches: readonly Dispatch[];
  readonly scratchByteLength: number;
  /** Absent where the weights are used as they are. */
  readonly packing?: WeightPacking;
  /** 2 per multiply-add. */
  readonly flops: number;
  /** Bytes read and written at least once: input, weights, output, residual. */
  readonly bytes: number;
}
