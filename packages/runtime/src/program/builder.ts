import type { DeviceProfile, ElementType, Kernel, Plan, TuningTable } from '@tessera/conv-kernels';
import type { DataType } from '@tessera/onnx-loader';
import type { AlgorithmOptions } from '../api.js';
import { TesseraError } from '../errors.js';
import type { TypedGraph, TypedNode } from '../graph.js';
import { copyEmission } from '../kernels/copy.js';
import { elementwiseEmission, type Formula } from '../kernels/elementwise.js';
import { unpackEmission } from '../kernels/unpack.js';
import type { Deferred, Emission, Layout, Operand } from '../operators/types.js';
import { elementCount } from '../passes/constants.js';
import { byteSize, denseStrides, hasLayout } from './layout.js';
import { concatAxis, placesOf, windowsOf, type Place } from './placement.js';
import { constantWeight } from './weights.js';
import { isPacked, storageType, wireByteLength, type WireType } from './storage.js';
import type { BufferSlot, ProgramChoice, ProgramInput, ProgramNode, Step, Weight } from './types.js';

export interface LowerOptions {
  readonly profile: DeviceProfile;
  readonly floatType: 'f32' | 'f16';
  readonly algorithms: AlgorithmOptions;
  /** Without the algorithms that err more than a chain of f32 multiply-adds. */
  readonly strict?: boolean;
  /** Times known of kernels on this device. */
  readonly tuning?: TuningTable;
  /** Told of each kernel and weight as soon as it is known. */
  readonly foreseen?: { readonly kernel: (kernel: Kernel) => void; readonly weight: (weight: Weight) => void };
  /** Counts the infinities and NaN in what each node makes. */
  readonly checkFinite?: boolean;
}

export type ConcreteType = { readonly dataType: DataType; readonly shape: readonly number[] };

const conversion: Formula = { label: 'convert', wgsl: 'return a;' };

/** Gathers buffers and steps while the nodes are lowered one after another. */
export class ProgramBuilder {
  readonly buffers: BufferSlot[] = [];
  readonly steps: Step[] = [];
  readonly nodes: ProgramNode[] = [];
  readonly choices: ProgramChoice[] = [];
  readonly operands = new Map<string, Operand>();
  readonly plans = new Map<string, Plan>();
  /** The step that converts each input. */
  readonly conversions = new Map<string, number>();
  readonly deferred = new Map<number, { readonly node: number; readonly work: Deferred }>();
  /** The node that steps and choices belong to: the last one, but for deferred work. */
  node = -1;
  readonly #weights = new Map<string, number>();
  readonly #places: ReadonlyMap<string, Place>;
  readonly #concatenations = new Map<TypedNode, Operand>();

  constructor(
    readonly graph: TypedGraph,
    readonly options: LowerOptions,
  ) {
    this.#places = placesOf(graph);
  }

  storage(dataType: DataType): ElementType {
    return storageType(dataType, this.options.floatType, this.options.profile.hasF16);
  }

  concreteType(value: string): ConcreteType {
    const type = this.graph.types.get(value);
    if (!type?.shape || type.shape.some((d) => typeof d !== 'number')) {
      throw new TesseraError(
        'INVALID_MODEL',
        `the shape of value "${value}" depends on data (${type?.shape ? `[${type.shape.join(', ')}]` : 'unknown rank'}), which is not supported`,
      );
    }
    return { dataType: type.dataType, shape: type.shape as readonly number[] };
  }

  allocate(type: ConcreteType, kind: BufferSlot['kind'], layout: Layout = 'row-major'): Operand {
    const elementType = this.storage(type.dataType);
    return this.#operand(
      type,
      elementType,
      this.#addBuffer({ kind, byteLength: elementCount(type.shape) * byteSize(elementType) }),
      layout,
    );
  }

  /** An output that the host alone reads is stored as the host reads it; any other in a buffer as all values. */
  allocateResult(name: string): Operand {
    const type = this.concreteType(name);
    const isRead = this.graph.nodes.some(({ inputs }) => inputs.includes(name));
    const isFloat = this.storage(type.dataType) === 'f16' && type.dataType === 'float32';
    if (isRead || !isFloat || !this.graph.outputs.includes(name)) return this.allocate(type, 'activation');
    const byteLength = elementCount(type.shape) * byteSize('f32');
    return this.#operand(type, 'f32', this.#addBuffer({ kind: 'activation', byteLength }), 'row-major');
  }

  /** The output of a Concat, made when the first of its inputs is, in the layout that one wants. */
  concatenation(concat: TypedNode, layout: Layout): Operand {
    const known = this.#concatenations.get(concat);
    if (known) return known;
    const whole = this.allocate(this.concreteType(concat.outputs[0]), 'activation', layout);
    this.#concatenations.set(concat, whole);
    return whole;
  }

  /** Where an output of a node is to lie: in its window of a concatenation, or in a buffer of its own. */
  allocateOutput(node: TypedNode, name: string, layout: Layout): Operand {
    const type = this.concreteType(name);
    const place = this.#places.get(name);
    return (place && this.#window(node, place, type, layout)) ?? this.allocate(type, 'activation', layout);
  }

  #window(node: TypedNode, { concat, index }: Place, type: ConcreteType, layout: Layout): Operand | undefined {
    const shapes = concat.inputs.map((input) => this.concreteType(input).shape);
    const axis = concatAxis(concat, type.shape.length);
    const whole = this.concatenation(concat, layout);
    if (!hasLayout(whole, layout)) return undefined;
    const isRead = node.inputs.some((input) => this.operands.get(input)?.buffer === whole.buffer);
    return isRead ? undefined : windowsOf(whole, shapes, axis)[index];
  }

  weight(weight: Weight, type: ConcreteType, elementType: ElementType): Operand {
    let buffer = this.#weights.get(weight.key);
    if (buffer === undefined) {
      buffer = this.#addBuffer({ kind: 'weight', byteLength: weight.byteLength, weight });
      this.#weights.set(weight.key, buffer);
      this.options.foreseen?.weight(weight);
    }
    return this.#operand(type, elementType, buffer, 'row-major');
  }

  scratch(byteLength: number): Operand {
    const buffer = this.#addBuffer({ kind: 'activation', byteLength });
    return this.#operand({ dataType: 'float32', shape: [byteLength / 4] }, 'f32', buffer, 'row-major');
  }

  /** The operand of a value; a constant becomes a weight the first time it is asked for. */
  operand(value: string): Operand {
    const known = this.operands.get(value);
    if (known) return known;
    const constant = this.graph.constants.get(value);
    if (!constant) throw new TesseraError('INTERNAL', `value "${value}" is used before it is made`);
    const elementType = this.storage(constant.tensor.dataType);
    const type = { dataType: constant.tensor.dataType, shape: constant.tensor.dims };
    const operand = this.weight(constantWeight(value, constant, elementType), type, elementType);
    this.operands.set(value, operand);
    return operand;
  }

  addNode(node: ProgramNode): void {
    this.node = this.nodes.push(node) - 1;
  }

  defer(work: Deferred): void {
    this.settle(work.result);
    this.deferred.set(work.result.buffer, { node: this.node, work });
  }

  /** Does what was put off and makes this operand. */
  settle({ buffer }: Operand): void {
    const pending = this.deferred.get(buffer);
    if (!pending) return;
    this.deferred.delete(buffer);
    const { node } = this;
    this.node = pending.node;
    pending.work.emit();
    this.node = node;
  }

  /** Whether an output of the graph, or a node that is not lowered yet beside `node`, takes a value in this buffer. */
  isReadAfter(node: TypedNode, buffer: number): boolean {
    const isIn = (name: string) => this.operands.get(name)?.buffer === buffer;
    const later = this.graph.nodes.slice(this.graph.nodes.indexOf(node) + 1);
    return this.graph.outputs.some(isIn) || later.some(({ inputs }) => inputs.some(isIn));
  }

  /** Leaves deferred work to the node that is being lowered, which then stands for the file's nodes of both. */
  absorb({ result }: Deferred): void {
    const pending = this.deferred.get(result.buffer);
    if (!pending) return;
    this.deferred.delete(result.buffer);
    const own = this.nodes[this.node];
    this.nodes[this.node] = { ...own, origins: [...this.nodes[pending.node].origins, ...own.origins] };
  }

  emit(emission: Emission): void {
    for (const operand of emission.operands) this.settle(operand);
    if (emission.workgroups.some((count) => count === 0)) return;
    const limit = this.options.profile.maxWorkgroupsPerDimension;
    if (emission.workgroups.some((count) => count > limit)) {
      const node = this.nodes[this.node];
      throw new TesseraError(
        'UNSUPPORTED_DEVICE',
        `node "${node.name}" (${node.opType}) needs [${emission.workgroups.join(', ')}] workgroups; the adapter allows ${limit} in each dimension`,
        { node: node.name },
      );
    }
    this.options.foreseen?.kernel(emission.kernel);
    this.steps.push({
      node: this.node,
      kernel: emission.kernel,
      workgroups: emission.workgroups,
      params: emission.params,
      buffers: emission.operands.map((o) => o.buffer),
      algorithm: emission.algorithm ?? emission.kernel.label,
      flops: emission.flops ?? 0,
      bytes:
        emission.bytes ??
        emission.operands.reduce((sum, o) => sum + elementCount(o.shape) * byteSize(o.elementType), 0),
    });
  }

  withLayout(operand: Operand, layout: Layout): Operand {
    const dense = operand.offset === 0 && hasLayout(operand, layout);
    if (dense) return operand;
    const byteLength = elementCount(operand.shape) * byteSize(operand.elementType);
    const copy = this.#operand(
      operand,
      operand.elementType,
      this.#addBuffer({ kind: 'activation', byteLength }),
      layout,
    );
    this.emit(copyEmission(this.options.profile, operand, copy));
    return copy;
  }

  /** A buffer that the host writes an input to; the nodes see what is in it, or a conversion of it emitted now. */
  receive(name: string, type: ConcreteType, wire: WireType): Pick<ProgramInput, 'buffer' | 'operand'> {
    const elementType = this.storage(type.dataType);
    const byteLength = wireByteLength(wire, elementCount(type.shape));
    const buffer = this.#addBuffer({ kind: 'input', byteLength });
    const received = this.#operand(type, isPacked(wire) ? 'u32' : wire, buffer, 'row-major');
    if (wire === elementType) {
      this.operands.set(name, received);
      return { buffer, operand: received };
    }
    const values = this.allocate(type, 'activation');
    const { profile } = this.options;
    const emission = isPacked(wire)
      ? unpackEmission(wire, received, values, profile)
      : elementwiseEmission(conversion, [received], values, profile);
    const emit = (): void => {
      const first = this.steps.length;
      this.emit({ ...emission, algorithm: 'convert', bytes: byteLength + this.buffers[values.buffer].byteLength });
      if (this.steps.length > first) this.conversions.set(name, first);
    };
    if (wire === 'f32' && values.elementType === 'f16') {
      this.defer({ kind: 'conversion', from: received, result: values, emit });
    } else emit();
    this.operands.set(name, values);
    return { buffer, operand: values };
  }

  /** An input with the step that converts it; where none does, nodes read it as it came. */
  received(input: ProgramInput): ProgramInput {
    const { name, dataType, dims: shape, buffer, wire, operand } = input;
    if (operand.buffer === buffer) return input;
    const conversion = this.conversions.get(name);
    if (conversion !== undefined || isPacked(wire)) return { ...input, conversion };
    return { ...input, operand: this.#operand({ dataType, shape }, wire, buffer, 'row-major') };
  }

  /** An operand as the host reads it back: dense, row-major, and f32 where it is a float32 stored as f16. */
  readable(operand: Operand): Operand {
    this.settle(operand);
    if (operand.dataType !== 'float32' || operand.elementType !== 'f16') return this.withLayout(operand, 'row-major');
    const byteLength = elementCount(operand.shape) * byteSize('f32');
    const copy = this.#operand(operand, 'f32', this.#addBuffer({ kind: 'activation', byteLength }), 'row-major');
    this.emit({ ...elementwiseEmission(conversion, [operand], copy, this.options.profile), algorithm: 'convert' });
    return copy;
  }

  #addBuffer(slot: BufferSlot): number {
    const limit = this.options.profile.maxStorageBinding;
    if (slot.byteLength > limit) {
      const node: ProgramNode | undefined = this.nodes[this.node];
      throw new TesseraError(
        'UNSUPPORTED_DEVICE',
        `${node ? `node "${node.name}" (${node.opType})` : 'a graph input'} needs a tensor of ${slot.byteLength} bytes; the adapter binds at most ${limit}`,
        { node: node?.name },
      );
    }
    this.buffers.push(slot);
    return this.buffers.length - 1;
  }

  #operand(type: ConcreteType, elementType: ElementType, buffer: number, layout: Layout): Operand {
    return {
      buffer,
      elementType,
      dataType: type.dataType,
      shape: type.shape,
      strides: denseStrides(type.shape, layout),
      offset: 0,
    };
  }
}
