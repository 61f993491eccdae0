import type { DataType } from '@tessera/onnx-loader';
import type { Feeds, RunOptions, ValueMetadata } from './api.js';
import type { GpuDevice } from './device/device.js';
import { GpuTensor } from './device/gpu-tensor.js';
import { write } from './device/byte-stream.js';
import { leastStagedBytes, type Staging, type UploadPool } from './device/upload-pool.js';
import { checkFeed, requireElements } from './bind-sizes.js';
import { TesseraError } from './errors.js';
import type { TypedGraph } from './graph.js';
import { elementCount } from './passes/constants.js';
import { crossesAsIs, decodeStorage, encodeStorage, encodeWire, isPacked, storageType } from './program/storage.js';
import type { Program, ProgramOutput, ProgramValue } from './program/types.js';
import type { Resident } from './execution/resident.js';
import { arrayTypeOf, isTensor, type Feed, type Tensor, type TensorArray } from './tensor.js';

/** Feeds whose shapes are all known. */
export type ShapedFeeds = Readonly<Record<string, Exclude<Feed, TensorArray> | readonly Tensor[]>>;

const invalid = (message: string) => new TesseraError('INVALID_INPUT', message);

const isElements = (feed: unknown): feed is TensorArray => ArrayBuffer.isView(feed) || Array.isArray(feed);

/**
 * Gives feeds that are elements alone the model's type and the shape that follows from their number, the sizes given
 * and those of the other feeds. Throws INVALID_INPUT where it does not follow, and for what is no object of feeds.
 */
export function shapeFeeds(graph: TypedGraph, feeds: Feeds, dims: Readonly<Record<string, number>>): ShapedFeeds {
  if (typeof feeds !== 'object' || feeds === null)
    throw invalid(`the inputs are ${feeds === null ? 'null' : typeof feeds}; give an object of tensors by their names`);
  const names = Object.keys(feeds);
  if (!names.some((name) => isElements(feeds[name]))) return feeds as ShapedFeeds;
  const sizes = new Map(Object.entries(dims));
  for (const name of names) {
    const feed = feeds[name];
    const shape = graph.types.get(name)?.shape;
    if (!feed || isElements(feed) || !shape) continue;
    const { dims = [] } = feed as Partial<Tensor | GpuTensor>;
    shape.forEach((dim, axis) => typeof dim === 'string' && sizes.set(dim, dims[axis]));
  }
  const shaped = names.map((name) => [name, shapeFeed(graph, name, feeds[name], sizes)] as const);
  return Object.fromEntries(shaped);
}

function shapeFeed(graph: TypedGraph, name: string, feed: Feeds[string], sizes: Map<string, number>) {
  const type = graph.types.get(name);
  if (!isElements(feed) || type?.container || !type?.shape || !graph.inputs.includes(name))
    return feed as ShapedFeeds[string];
  requireArrayType(name, feed, type.dataType);
  const known = type.shape.map((dim) => (typeof dim === 'number' ? dim : sizes.get(dim)));
  const open = new Set(type.shape.filter((_, axis) => known[axis] === undefined));
  const given = `input "${name}" has ${feed.length} elements and no shape; the model takes [${type.shape.join(', ')}]`;
  if (open.size > 1 || known.filter((size) => size === undefined).length > 1)
    throw invalid(`${given}, which leaves ${[...open].join(' and ')} open: give a tensor with dims`);
  const rest = known.reduce<number>((product, size) => product * (size ?? 1), 1);
  const size = feed.length / rest;
  if (!Number.isInteger(size) || (open.size === 0 && size !== 1)) throw invalid(given);
  for (const symbol of open) sizes.set(symbol as string, size);
  return { dataType: type.dataType, dims: known.map((dim) => dim ?? size), data: feed };
}

function requireArrayType(name: string, feed: TensorArray, dataType: DataType): void {
  const wanted = arrayTypeOf(dataType);
  if (wanted ? feed instanceof wanted : Array.isArray(feed)) return;
  throw invalid(
    `input "${name}" is given as ${feed.constructor.name}; the model takes ${dataType}, a ${wanted?.name ?? 'list of texts'}`,
  );
}

/**
 * What each input's buffer is to be filled from: bytes as it stores them, or a buffer on the GPU. What was staged by
 * `uploads` is given as its staging buffer, for one run to take; without them as bytes.
 */
export function encodeInputs(
  device: GpuDevice,
  program: Program,
  feeds: ShapedFeeds,
  uploads?: UploadPool,
): Map<string, Uint8Array | Staging | GpuTensor> {
  return new Map<string, Uint8Array | Staging | GpuTensor>(
    program.inputs.map(({ name, wire, operand }) => {
      const feed = feeds[name] as Tensor | GpuTensor;
      if (!(feed instanceof GpuTensor)) {
        requireElements(name, feed);
        const bytes = encodeWire(feed.dataType, feed.data, wire);
        return [name, uploads?.staging(bytes) ?? bytes];
      }
      requireFit(device, feed, isPacked(wire) ? operand.elementType : wire, `input "${name}"`);
      return [name, feed];
    }),
  );
}

/**
 * A tensor for an input: in staging memory of `uploads`, if there are any, where the GPU takes its elements as they are and they
 * are many.
 */
export function stageTensor(
  graph: TypedGraph,
  name: string,
  dims: readonly number[],
  uploads: UploadPool | undefined,
): Tensor {
  const type = graph.types.get(name);
  const list = graph.inputs.map((input) => `"${input}"`).join(', ');
  if (!type || !graph.inputs.includes(name)) throw invalid(`the model has no input "${name}"; its inputs are ${list}`);
  const { dataType, container } = type;
  const arrayType = arrayTypeOf(dataType);
  if (container || !arrayType)
    throw invalid(`input "${name}" is ${container ?? 'of texts'}; only numbers can be staged`);
  if (!Array.isArray(dims)) throw invalid(`the shape to stage input "${name}" in is an array of sizes`);
  checkFeed(name, { dataType, dims }, type);
  const length = elementCount(dims);
  const byteLength = length * arrayType.BYTES_PER_ELEMENT;
  const device = byteLength >= leastStagedBytes ? uploads?.device : undefined;
  const isStaged = device?.health === 'ready' && crossesAsIs(dataType, device.profile.hasF16);
  const data = isStaged ? new arrayType(uploads!.stage(byteLength), 0, length) : new arrayType(length);
  return { dataType, dims: [...dims], data };
}

function requireFit(device: GpuDevice, tensor: GpuTensor, elementType: string, what: string): void {
  if (tensor.device !== device) throw invalid(`${what} is a GPU tensor of another device than the session's`);
  if (tensor.elementType !== elementType)
    throw invalid(`${what} is a GPU tensor stored as ${tensor.elementType}; the session stores it as ${elementType}`);
}

/** An output of one run: read back into new or given elements, copied into a tensor on the GPU, or known without running. */
export interface OutputPlan {
  readonly output: ProgramOutput;
  readonly into: Tensor | GpuTensor | undefined;
}

/** Throws INVALID_INPUT for a place of results that there is not. */
export function requireLocation({ location }: RunOptions): void {
  if (location === undefined || location === 'cpu' || location === 'gpu') return;
  throw invalid(`location is ${JSON.stringify(location)}; it is 'cpu' or 'gpu'`);
}

/** Throws INVALID_INPUT where a name is not among the model's outputs. */
export function requireOutputs(asked: readonly string[], outputs: readonly string[]): void {
  const unknown = asked.find((name) => !outputs.includes(name));
  if (unknown === undefined) return;
  const list = outputs.map((name) => `"${name}"`).join(', ');
  throw invalid(`the model has no output "${unknown}"; its outputs are ${list}`);
}

type AskedOutput = readonly [name: string, into: Tensor | GpuTensor | null];

/** The outputs asked for, with the tensors given for them, in order; all the model states without a list. */
export function askedOutputs(
  stated: readonly ValueMetadata[],
  { outputs = stated.map(({ name }) => name) }: RunOptions,
): readonly AskedOutput[] {
  if (Array.isArray(outputs)) return outputs.map((name: string) => [name, null] as const);
  return Object.entries(outputs as Readonly<Record<string, Tensor | GpuTensor | null>>);
}

/** Which outputs a run gives and where, in the order asked for; checks the preallocated ones. */
export function planOutputs(
  device: GpuDevice,
  program: Program,
  stated: readonly ValueMetadata[],
  options: RunOptions,
): OutputPlan[] {
  const entries = askedOutputs(stated, options);
  requireOutputs(
    entries.map(([name]) => name),
    program.outputs.map(({ name }) => name),
  );
  return entries.map(([name, given]) => {
    const output = program.outputs.find((o) => o.name === name)!;
    if (given) requireRoom(device, output, given);
    return { output, into: given ?? undefined };
  });
}

function requireRoom(device: GpuDevice, output: ProgramOutput, into: Tensor | GpuTensor): void {
  const { dataType, dims } = 'operand' in output ? output : output.constant;
  const what = `the tensor given for output "${output.name}"`;
  const found = `${into.dataType} [${into.dims.join(', ')}]`;
  const wanted = `${dataType} [${dims.join(', ')}]`;
  if (found !== wanted) throw invalid(`${what} is ${found}; the output is ${wanted}`);
  if (into instanceof GpuTensor) {
    requireFit(device, into, 'operand' in output ? output.operand.elementType : into.elementType, what);
  } else if (into.data.length !== elementCount(dims)) {
    throw invalid(`${what} has ${into.data.length} elements; its shape needs ${elementCount(dims)}`);
  }
}

/** A GPU tensor for each output that has no place yet; all are freed again where one cannot be had. */
export function allocateOutputs(device: GpuDevice, plans: readonly OutputPlan[]): OutputPlan[] {
  const made: GpuTensor[] = [];
  try {
    return plans.map((plan) => {
      if (plan.into) return plan;
      const { output } = plan;
      const { dataType, dims } = 'operand' in output ? output : output.constant;
      const elementType =
        'operand' in output ? output.operand.elementType : storageType(dataType, 'f32', device.profile.hasF16);
      const into = GpuTensor.allocate(device, dataType, dims, elementType);
      made.push(into);
      return { output, into };
    });
  } catch (error) {
    for (const tensor of made) tensor.dispose();
    throw error;
  }
}

/** Writes the outputs that are known without running into the GPU tensors they are to lie in. */
export function writeConstants(device: GpuDevice, plans: readonly OutputPlan[]): void {
  for (const { output, into } of plans) {
    if ('operand' in output || !(into instanceof GpuTensor)) continue;
    const { dataType, data } = output.constant;
    const stored = encodeStorage(dataType, data, into.elementType);
    write(device.gpu.queue, into.buffer, 0, new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
  }
}

/** The result of an output whose bytes were read back, or that needed no run. */
export function hostResult({ output, into }: OutputPlan, bytes: ArrayBuffer | undefined): Tensor {
  const tensor = 'operand' in output ? decodeOutput(output, bytes!) : output.constant;
  if (!into || into instanceof GpuTensor) return tensor;
  if (ArrayBuffer.isView(into.data)) (into.data as Float32Array).set(tensor.data as Float32Array);
  else throw invalid(`the tensor given for output "${output.name}" holds strings, which cannot be overwritten`);
  return into;
}

/**
 * Results of a run in stages, where they were asked for: `owned` tensors on the device are handed on or freed. Throws
 * INVALID_INPUT where one is no tensor, does not fit the place given, or is of no such name.
 */
export async function deliverOutputs(
  device: GpuDevice,
  asked: readonly AskedOutput[],
  values: ReadonlyMap<string, Resident>,
  owned: readonly GpuTensor[],
  deliver: 'host' | 'device',
): Promise<Record<string, Tensor | GpuTensor>> {
  const given = new Set<Tensor | GpuTensor>();
  const results: Record<string, Tensor | GpuTensor> = {};
  try {
    requireOutputs(
      asked.map(([name]) => name),
      [...values.keys()],
    );
    for (const [name, into] of asked) {
      const value = values.get(name)!;
      const isShared = value.device !== undefined && !owned.includes(value.device);
      const tensor =
        deliver === 'device' && value.device && !isShared && !into ? value.device : await onHost(name, value);
      results[name] = tensor instanceof GpuTensor ? tensor : place(device, name, tensor, into, deliver);
      given.add(results[name]);
    }
    return results;
  } catch (error) {
    given.clear();
    throw error;
  } finally {
    for (const tensor of owned) if (!given.has(tensor)) tensor.dispose();
  }
}

async function onHost(name: string, { host, device }: Resident): Promise<Tensor> {
  const value = host === undefined ? await device!.download() : host;
  if (isTensor(value)) return value;
  throw invalid(`output "${name}" is ${value === null ? 'empty' : 'a sequence'}; runValues gives what is no tensor`);
}

/** A host tensor in the place given for it, or in GPU memory where it is wanted there. */
function place(
  device: GpuDevice,
  name: string,
  tensor: Tensor,
  into: Tensor | GpuTensor | null,
  deliver: 'host' | 'device',
): Tensor | GpuTensor {
  const output = { name, constant: tensor };
  if (into) requireRoom(device, output, into);
  const plan = { output, into: into ?? undefined };
  const [target] = deliver === 'device' ? allocateOutputs(device, [plan]) : [plan];
  writeConstants(device, [target]);
  return target.into instanceof GpuTensor ? target.into : hostResult(target, undefined);
}

function decodeOutput(value: ProgramValue, bytes: ArrayBuffer): Tensor {
  const { dataType, dims, operand } = value;
  return { dataType, dims, data: decodeStorage(bytes, elementCount(dims), operand.elementType, dataType) };
}
