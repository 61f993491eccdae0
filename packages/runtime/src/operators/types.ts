import type { Choice } from '../program/choices.js';
import type {
  ChoiceOptions,
  ConvProblem,
  DeviceProfile,
  ElementType,
  Kernel,
  PackingMap,
  Param,
  Plan,
} from '@tessera/conv-kernels';
import type { Attribute, DataType, Graph } from '@tessera/onnx-loader';
import type { Dim, ValueType } from '../graph.js';
import type { GpuTensor } from '../device/gpu-tensor.js';
import type { Tensor, Value } from '../tensor.js';

/** Reads a node's attributes under their ONNX names; a wrong type is an INVALID_MODEL error naming node and attribute. */
export interface Attributes {
  has(name: string): boolean;
  int(name: string, fallback?: number): number;
  float(name: string, fallback?: number): number;
  string(name: string, fallback?: string): string;
  ints(name: string, fallback?: readonly number[]): readonly number[];
  floats(name: string, fallback?: readonly number[]): readonly number[];
  strings(name: string, fallback?: readonly string[]): readonly string[];
  tensor(name: string): Tensor | undefined;
  get(name: string): Attribute | undefined;
}

/** What every stage of an operator may ask of its node. */
export interface NodeContext {
  readonly name: string;
  readonly opType: string;
  readonly opset: number;
  readonly attributes: Attributes;
  readonly inputCount: number;
  readonly outputCount: number;
  /** True where the node has this (optional) input or output. */
  hasInput(index: number): boolean;
  hasOutput(index: number): boolean;
  /** Throws INVALID_MODEL (or the code given) with the node's name, operator and this message. */
  fail(message: string): never;
}

export interface InferContext extends NodeContext {
  /** The type of an input; throws where the input is absent. */
  type(index: number): ValueType;
  /** The input's value where it is a constant (small or folded); undefined otherwise. */
  constant(index: number): Tensor | undefined;
  /** A constant or symbolic integer vector (or scalar, as one element): shape arithmetic under way. */
  dims(index: number): readonly Dim[] | undefined;
  /** A fresh symbol, for a size only the run will tell. */
  unknown(): Dim;
  /** The types the file states of a subgraph's outputs. */
  outputTypes(attribute: string): readonly (ValueType | undefined)[];
}

export interface InferResult extends ValueType {
  /** The symbolic content, where the output is an integer scalar or vector of known length (shape arithmetic). */
  readonly dims?: readonly Dim[];
}

export interface EvaluateContext extends NodeContext {
  input(index: number): Tensor;
  optional(index: number): Tensor | undefined;
}

/** A value on the GPU: a strided window into a buffer of the program. Offset and strides count elements. */
export interface Operand {
  readonly buffer: number;
  readonly elementType: ElementType;
  readonly dataType: DataType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

export type Layout = 'row-major' | 'channels-last';

/** One dispatch as an operator asks for it. `operands` follow `kernel.bindings`. */
export interface Emission {
  readonly kernel: Kernel;
  readonly workgroups: readonly [number, number, number];
  readonly params: readonly Param[];
  readonly operands: readonly Operand[];
  /** For reports: 'implicit-gemm', 'elementwise', ...; the kernel's label where absent. */
  readonly algorithm?: string;
  readonly flops?: number;
  readonly bytes?: number;
}

export interface WeightRequest {
  /** Which input of the node; must be constant. */
  readonly input: number;
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  readonly byteLength: number;
  /** Identifies the packing: one tensor is packed once for each key. */
  readonly key: string;
  /** Takes the tensor's values as float32 (or as numbers for integers), row-major. */
  pack(values: Float32Array): ArrayBufferView<ArrayBuffer>;
  /** The same as plain data; absent where only the host can pack. */
  readonly map?: PackingMap;
}

/** Work put off until its result is read, so that the node that reads it may do the work in its own kernel. */
export interface DeferredMean {
  readonly kind: 'mean';
  /** What is averaged, over which of its dimensions. */
  readonly x: Operand;
  readonly axes: readonly number[];
  /** Where the means go, with a stride for each dimension of `x`: 0 along those averaged. */
  readonly result: Operand;
  readonly resultStrides: readonly number[];
  /** Does the work by itself. */
  readonly emit: () => void;
}

/** A convolution put off likewise, so that a pooling of its output may compute it. */
export interface DeferredConv {
  readonly kind: 'conv';
  readonly problem: ConvProblem;
  readonly x: Operand;
  readonly bias?: Operand;
  /** The weights as a plan packs them. */
  readonly weights: (plan: Plan) => Operand;
  readonly result: Operand;
  readonly emit: () => void;
}

/** The conversion of a float32 input of the program to f16, so that a kernel may read it as it came. */
export interface DeferredConversion {
  readonly kind: 'conversion';
  readonly from: Operand;
  readonly result: Operand;
  readonly emit: () => void;
}

export type Deferred = DeferredMean | DeferredConv | DeferredConversion;

/** How a node becomes dispatches. All shapes are known numbers here. */
export interface LowerContext extends NodeContext {
  readonly profile: DeviceProfile;
  /** Storage type of floating-point activations: f32, or f16 in an fp16 program. */
  readonly floatType: 'f32' | 'f16';
  /** The algorithms allowed, and the times known of them. */
  readonly algorithms: ChoiceOptions;
  /** The operand of an input; a constant is uploaded as it is (row-major). */
  input(index: number): Operand;
  type(index: number): { readonly dataType: DataType; readonly shape: readonly number[] };
  outputType(index: number): { readonly dataType: DataType; readonly shape: readonly number[] };
  constant(index: number): Tensor | undefined;
  isConstant(index: number): boolean;
  /** Elements [first, first + product(dims)) of a constant input, as they are: for tensors too large for one binding. */
  constantSlice(index: number, first: number, dims: readonly number[]): Operand;
  /** The constant input's packed form as an operand (row-major strides of `dims`). */
  weight(request: WeightRequest): Operand;
  /** A constant made by the lowering itself, such as a table of coefficients. */
  table(
    key: string,
    elementType: ElementType,
    data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
  ): Operand;
  /** The layout an operand has; undefined for any other strides (a view). Rank below 3 is always row-major. */
  layoutOf(operand: Operand): Layout | undefined;
  /** The same values with exactly this layout, dense and at offset 0: the operand itself, or a strided copy emitted now. */
  withLayout(operand: Operand, layout: Layout): Operand;
  /** A new activation buffer of an output's type, in the layout given. */
  allocate(type: { readonly dataType: DataType; readonly shape: readonly number[] }, layout?: Layout): Operand;
  /**
   * As `allocate`, for an output of the node: where the output goes into a concatenation of this layout, its window there,
   * which is not dense. No kernel that reads the same buffer may write to it.
   */
  allocateOutput(index: number, layout: Layout): Operand;
  /** As `allocate`, for an output: f32 where it is a float32 output of the program that no other node takes. */
  allocateResult(index: number): Operand;
  /** Of a Concat: the operand in whose windows some inputs may have been made already. */
  concatenation(layout: Layout): Operand;
  scratch(byteLength: number): Operand;
  /** Notes what an algorithm is chosen for, so that the choice can be explained and tuned. */
  choose(choice: Choice): void;
  /** What `plan` makes, made once for all nodes of one key: it must tell apart all that the plan depends on beside the device. */
  planOnce(key: string, plan: () => Plan): Plan;
  emit(emission: Emission): void;
  /** In place of emitting what makes `work.result`, which has a buffer of its own: emitted when something reads it. */
  defer(work: Deferred): void;
  /** The work that is still to make an operand's buffer, where no other node reads it after this one. */
  deferred(operand: Operand): Deferred | undefined;
  /** Says that this node does that work itself. */
  absorb(work: Deferred): void;
  /** Says where output `index` lies. May be a view of an input's buffer: buffers are never written twice. */
  output(index: number, operand: Operand): void;
}

/** A value between the steps of a run: in host memory, or a tensor on the device. */
export type RunValue = Value | GpuTensor;

/** What an operator sees that runs on the host and holds more than tensors, or runs graphs. */
export interface RunContext extends NodeContext {
  /** An input where it lies; undefined where it is absent. Only inputs of operators with subgraphs may lie on the device. */
  value(index: number): RunValue | undefined;
  /** An input in host memory; throws where it is absent or of another kind. */
  tensor(index: number): Tensor;
  optional(index: number): Tensor | undefined;
  sequence(index: number): readonly Tensor[];
  /** The type of an output as far as it was inferred. */
  outputType(index: number): ValueType | undefined;
  /** Brings a value to the host. */
  fetch(value: RunValue): Promise<Value>;
  /** Runs a subgraph (by its attribute's name) on values for its inputs; where it can, it leaves results on the device. */
  runSubgraph(attribute: string, inputs: readonly RunValue[]): Promise<readonly RunValue[]>;
  /** The types the file states of a subgraph's outputs. */
  outputTypes(attribute: string): readonly (ValueType | undefined)[];
  /** Inputs and outputs of a subgraph. */
  subgraph(attribute: string): { readonly inputCount: number; readonly outputCount: number };
  /** Frees a result of runSubgraph that nothing needs any more. */
  release(value: RunValue): void;
  /** Iterations after which a Loop is taken for endless. */
  readonly maxIterations: number;
  readonly signal?: AbortSignal;
}

/**
 * One operator, from the version `since` on. Lookup takes the newest `since` not above the model's opset. `evaluate`
 * serves constant folding, shape arithmetic and steps on the host; `lower` makes GPU work. A node of an operator without
 * `lower` splits the program: what it needs is read back, and the host runs it.
 */
export interface Operator {
  readonly type: string;
  readonly domain: '' | 'ai.onnx.ml' | 'ai.onnx.preview' | 'com.microsoft' | 'tessera';
  readonly since: number;
  infer(context: InferContext): readonly (InferResult | undefined)[];
  evaluate?(context: EvaluateContext): readonly Tensor[];
  /** In place of `evaluate`, of operators on sequences, optionals and graphs and those that draw numbers: never folded. */
  run?(context: RunContext): readonly RunValue[] | Promise<readonly RunValue[]>;
  lower?(context: LowerContext): void;
  /** Inputs (where present) whose values `lower` must know: axes, sizes, counts. */
  readonly valueInputs?: readonly number[];
  /** Why `lower` cannot take this node; undefined where it can. */
  hostReason?(context: InferContext): string | undefined;
}

/** How the nodes of an operator that others define are written, one after another; each has its types at once. */
export interface ExpandContext extends InferContext {
  /** The name of an input's value; '' where it is absent. */
  inputName(index: number): string;
  /** The type of a value taken or made here. */
  typeOf(value: string): ValueType;
  /** A value's content, where it is constant. */
  valueOf(value: string): Tensor | undefined;
  /** A new constant's name. */
  constantNamed(tensor: Tensor): string;
  /** Adds a node and gives the names of its outputs, one without `outputs`; the default domain without `domain`. */
  add(
    opType: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
    options?: { readonly outputs?: number; readonly domain?: Operator['domain'] },
  ): readonly [string, ...string[]];
  /** Adds the nodes of a graph whose inputs are these values, and gives the names of its outputs. */
  inline(graph: Graph, inputs: readonly string[]): readonly string[];
  /** Says which value output `index` is. */
  result(index: number, value: string): void;
}

/** An operator that other operators define: their nodes take its place while types are inferred. */
export interface FunctionOperator {
  readonly type: string;
  readonly domain: Operator['domain'];
  readonly since: number;
  /** Inputs (where present) whose values `expand` must know; until they are, the node stays as it is. */
  readonly valueInputs?: readonly number[];
  expand(context: ExpandContext): void;
}
