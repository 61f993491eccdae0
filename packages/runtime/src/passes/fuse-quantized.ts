import type { Attribute } from '@tessera/onnx-loader';
import type { Constant, TypedGraph, TypedNode } from '../graph.js';
import { toNumbers } from '../operators/numbers.js';
import { elementCount, hostTensor } from './constants.js';
import { findUses, replaceNodes, type Uses } from './rewrite.js';

/** A quantized tensor: the values and what DequantizeLinear takes beside them. */
interface Quantized {
  readonly value: string;
  readonly scale: string;
  /** '' where it is 0. */
  readonly zero: string;
  readonly axis: number;
}

/**
 * Recognizes convolutions and matrix products between DequantizeLinear and QuantizeLinear, as quantizers write them, and makes
 * QuantizedConv and QuantizedMatMul of them, whose sums are of integers. Weights must be constant, activations have one scale.
 */
export function fuseQuantized(graph: TypedGraph): TypedGraph {
  const context: Context = { graph, uses: findUses(graph), constants: new Map(graph.constants) };
  const replacements = new Map<TypedNode, TypedNode | null>();
  for (const root of graph.nodes) {
    const fused = fusedProduct(root, context);
    if (!fused) continue;
    for (const node of fused.absorbed) replacements.set(node, null);
    replacements.set(fused.absorbed.at(-1)!, fused.node);
  }
  return replacements.size > 0 ? { ...replaceNodes(graph, replacements), constants: context.constants } : graph;
}

interface Context {
  readonly graph: TypedGraph;
  readonly uses: Uses;
  /** Those of the graph, and what is made on the way. */
  readonly constants: Map<string, Constant>;
}

interface Fused {
  /** The product and what follows it, in order. */
  readonly absorbed: readonly TypedNode[];
  readonly node: TypedNode;
}

function fusedProduct(root: TypedNode, context: Context): Fused | undefined {
  const { graph, uses } = context;
  if (root.domain !== '' || !isPlain(root)) return undefined;
  const [x, w] = root.inputs.slice(0, 2).map((name) => dequantized(name, graph, uses));
  const transB = root.opType === 'Gemm' && integer(root, 'transB', 0) !== 0;
  if (!x || !w || !isScalar(graph, x.scale) || !areConstant(graph, [x.scale, x.zero, w.value, w.scale, w.zero])) {
    return undefined;
  }
  const rank = graph.types.get(w.value)?.shape?.length ?? 0;
  const channelAxis = root.opType === 'Conv' || transB ? 0 : rank - 1;
  const axis = w.axis < 0 ? w.axis + rank : w.axis;
  if ((root.opType !== 'Conv' && rank !== 2) || (!isScalar(graph, w.scale) && axis !== channelAxis)) return undefined;
  const bias = integerBias(root.inputs[2] ?? '', x, w, context);
  if (bias === undefined) return undefined;
  const { absorbed, y, activation } = follower(root, graph, uses);
  const attributes = new Map<string, Attribute>([...root.attributes, ...activation]);
  const node: TypedNode = {
    ...root,
    opType: root.opType === 'Conv' ? 'QuantizedConv' : 'QuantizedMatMul',
    domain: 'tessera',
    opset: 1,
    inputs: [x.value, x.scale, x.zero, w.value, w.scale, w.zero, y?.scale ?? '', y?.zero ?? '', bias],
    outputs: [absorbed.at(-1)!.outputs[0]],
    attributes,
    origins: absorbed.flatMap((each) => each.origins),
  };
  return { absorbed, node };
}

function integer(node: TypedNode, name: string, fallback: number): number {
  const attribute = node.attributes.get(name);
  return attribute?.type === 'int' ? attribute.value : fallback;
}

/** Conv, MatMul, and Gemm that neither scales nor transposes A. */
function isPlain(root: TypedNode): boolean {
  if (root.opType !== 'Gemm') return root.opType === 'Conv' || root.opType === 'MatMul';
  const isOne = (name: string) => {
    const attribute = root.attributes.get(name);
    return attribute?.type !== 'float' || attribute.value === 1;
  };
  return isOne('alpha') && isOne('beta') && integer(root, 'transA', 0) === 0;
}

/** What makes a value out of 8-bit integers. */
function dequantized(name: string, graph: TypedGraph, uses: Uses): Quantized | undefined {
  const node = uses.producer.get(name);
  if (node?.opType !== 'DequantizeLinear' || node.domain !== '' || integer(node, 'block_size', 0) !== 0)
    return undefined;
  const [value, scale, zero = ''] = node.inputs;
  const type = graph.types.get(value)?.dataType;
  if ((type !== 'int8' && type !== 'uint8') || graph.types.get(scale)?.dataType !== 'float32') return undefined;
  return { value, scale, zero, axis: integer(node, 'axis', 1) };
}

function constant(graph: TypedGraph, name: string): Constant | undefined {
  return graph.constants.get(name);
}

function areConstant(graph: TypedGraph, names: readonly string[]): boolean {
  return names.every((name) => name === '' || constant(graph, name) !== undefined);
}

function isScalar(graph: TypedGraph, name: string): boolean {
  const tensor = constant(graph, name)?.tensor;
  return tensor !== undefined && elementCount(tensor.dims) === 1;
}

/**
 * A constant bias in steps of the sums, rounded, as a new constant: int32 as quantizers write it, at whatever scale, or float.
 * '' where there is none; undefined where it is not constant or out of range.
 */
function integerBias(name: string, x: Quantized, w: Quantized, context: Context): string | undefined {
  if (name === '') return '';
  const { graph, constants } = context;
  const values = biasValues(name, context);
  if (!values) return undefined;
  const [xScale] = numbers(graph, x.scale);
  const wScales = numbers(graph, w.scale);
  const steps = values.map((value, i) => Math.round(value / (xScale * wScales[wScales.length === 1 ? 0 : i])));
  if (!steps.every((step) => Math.abs(step) < 2 ** 31)) return undefined;
  const bias = `${name}/steps of ${x.scale} and ${w.scale}`;
  constants.set(bias, {
    kind: 'host',
    tensor: { dataType: 'int32', dims: [steps.length], data: Int32Array.from(steps) },
  });
  return bias;
}

function biasValues(name: string, { graph, uses }: Context): Float64Array | undefined {
  if (graph.types.get(name)?.shape?.length !== 1) return undefined;
  if (graph.constants.has(name)) return numbers(graph, name);
  const node = uses.producer.get(name);
  if (node?.opType !== 'DequantizeLinear' || node.domain !== '' || !areConstant(graph, node.inputs)) return undefined;
  const [levels, scales, zeros] = node.inputs.map((input) => (input === '' ? undefined : numbers(graph, input)));
  const pick = (list: Float64Array | undefined, i: number) => list?.[list.length === 1 ? 0 : i] ?? 0;
  return levels!.map((level, i) => (level - pick(zeros, i)) * pick(scales, i));
}

function numbers(graph: TypedGraph, name: string): Float64Array {
  return toNumbers(hostTensor(constant(graph, name)!));
}

interface Follower {
  readonly absorbed: readonly TypedNode[];
  readonly y?: { readonly scale: string; readonly zero: string };
  readonly activation: ReadonlyMap<string, Attribute>;
}

/** The QuantizeLinear behind the product, with a Relu between where there is one. */
function follower(root: TypedNode, graph: TypedGraph, uses: Uses): Follower {
  const first = uses.onlyConsumer(root.outputs[0]);
  const relu = first?.opType === 'Relu' && first.domain === '' ? first : undefined;
  const last = relu ? uses.onlyConsumer(relu.outputs[0]) : first;
  const none: Follower = { absorbed: [root], activation: new Map() };
  if (last?.opType !== 'QuantizeLinear' || last.domain !== '') return none;
  const [, scale, zero = ''] = last.inputs;
  const type = graph.types.get(last.outputs[0])?.dataType;
  const isByte = type === 'int8' || type === 'uint8';
  if (!isByte || !isScalar(graph, scale) || !areConstant(graph, [zero])) return none;
  if (zero === '' && type !== 'uint8') return none;
  const activation = new Map<string, Attribute>(relu ? [['activation', { type: 'string', value: 'relu' }]] : []);
  return { absorbed: [root, ...(relu ? [relu] : []), last], y: { scale, zero }, activation };
}
