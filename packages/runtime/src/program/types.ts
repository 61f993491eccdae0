import type { ChoiceOptions, Kernel, PackingMap, PackingSource, Param } from '@tessera/conv-kernels';
import type { DataType } from '@tessera/onnx-loader';
import type { Operand } from '../operators/types.js';
import type { Tensor } from '../tensor.js';
import type { Choice } from './choices.js';
import type { WireType } from './storage.js';

/** A weight of a program: what to read, and how to pack it. Equal keys hold equal bytes and are uploaded once a session. */
export interface Weight {
  readonly key: string;
  readonly byteLength: number;
  /** The bytes in bounded pieces, in order; read once, at upload, then forgotten. */
  pieces(): Iterable<Uint8Array>;
  /** Of a weight that is in the file as it is wanted: reads bytes from an offset on until `target` is full. */
  readonly read?: ReadBytes;
  /** How the GPU makes the same bytes out of those of the file; absent where only the host can. */
  readonly recipe?: WeightRecipe;
}

/** A packing for the GPU, and the bytes it packs: elements as the file has them. */
export interface WeightRecipe {
  readonly map: PackingMap;
  readonly source: PackingSource;
  readonly factors?: Float32Array<ArrayBuffer>;
  readonly byteLength: number;
  readonly read: ReadBytes;
}

/** Reads bytes from an offset of what is written until the array is full. */
export type ReadBytes = (offset: number, target: Uint8Array) => void;

/** A buffer before memory is planned. `weight` where its content is constant. */
export interface BufferSlot {
  readonly byteLength: number;
  readonly kind: 'input' | 'output' | 'activation' | 'weight';
  readonly weight?: Weight;
}

export interface Step {
  /** Index of the node in the lowered graph; several steps may share one. */
  readonly node: number;
  readonly kernel: Kernel;
  readonly workgroups: readonly [number, number, number];
  readonly params: readonly Param[];
  /** Buffer indices, in the order of `kernel.bindings`. */
  readonly buffers: readonly number[];
  readonly algorithm: string;
  readonly flops: number;
  readonly bytes: number;
}

/** What reports say of a node: its name, the file's nodes it stands for, operator, what it makes, the shape of its main output. */
export interface ProgramNode {
  readonly name: string;
  readonly opType: string;
  readonly origins: readonly string[];
  readonly outputs: readonly string[];
  readonly shape: readonly number[];
}

/** An input as the host hands it over. */
export interface ProgramInput {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  /** How its elements cross, and the buffer they are written to. */
  readonly wire: WireType;
  readonly buffer: number;
  /** Its values as the nodes read them. */
  readonly operand: Operand;
  /** The step that makes `operand` of `buffer`, where they are not the same. */
  readonly conversion?: number;
}

/** An output that is computed; its operand is dense and row-major, at the start of its buffer. */
export interface ProgramValue {
  readonly name: string;
  readonly dataType: DataType;
  readonly dims: readonly number[];
  readonly operand: Operand;
}

/** A choice of an algorithm, the index of the node it was made for, what restricted it everywhere, and what was asked for there. */
export interface ProgramChoice {
  readonly node: number;
  readonly choice: Choice;
  readonly options: ChoiceOptions;
  readonly forced?: string;
}

/** Counts of the values that are not finite, one for each value checked, and the index of the node that makes it. */
export interface ProgramChecks {
  readonly counts: ProgramValue;
  readonly nodes: readonly number[];
}

/** Everything a run does, for one set of sizes: frozen plain data. */
export interface Program {
  readonly nodes: readonly ProgramNode[];
  readonly choices: readonly ProgramChoice[];
  readonly steps: readonly Step[];
  readonly buffers: readonly BufferSlot[];
  readonly inputs: readonly ProgramInput[];
  readonly outputs: readonly ProgramOutput[];
  /** Where the program looks for infinities and NaN. */
  readonly checks?: ProgramChecks;
}

/** An output: computed on the GPU, or known without running (folded). */
export type ProgramOutput = ProgramValue | { readonly name: string; readonly constant: Tensor };
