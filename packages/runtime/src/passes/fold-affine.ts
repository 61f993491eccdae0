import type { Constant, TypedGraph, TypedNode } from '../graph.js';
import { toFloat32 } from '../program/storage.js';
import { elementCount, hostTensor, scaledConstant } from './constants.js';
import { findUses, replaceNodes } from './rewrite.js';

/** y = scale[c] * x + shift[c]. */
interface Affine {
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

/**
 * Folds what follows a convolution as a per-channel scale and shift (BatchNormalization in inference, and Mul, Div,
 * Add, Sub by constants) into its weights and bias (Jacob et al., 2018, section 3.2).
 */
export function foldAffine(graph: TypedGraph): TypedGraph {
  let current = graph;
  for (;;) {
    const next = foldOnce(current);
    if (!next) return current;
    current = next;
  }
}

function foldOnce(graph: TypedGraph): TypedGraph | undefined {
  const uses = findUses(graph);
  const constants = new Map(graph.constants);
  const replacements = new Map<TypedNode, TypedNode | null>();
  for (const conv of graph.nodes) {
    if (conv.opType !== 'Conv' || conv.domain !== '' || replacements.has(conv)) continue;
    const follower = uses.onlyConsumer(conv.outputs[0]);
    const affine = follower && !replacements.has(follower) && affineOf(follower, conv, graph);
    const weights = constants.get(conv.inputs[1]);
    if (!affine || weights === undefined || !isFloat(weights)) continue;
    if (conv.inputs[2] && !constants.has(conv.inputs[2])) continue;
    const folded = scaledConv(conv, follower, affine, constants);
    replacements.set(conv, null);
    replacements.set(follower, folded);
  }
  return replacements.size > 0 ? { ...replaceNodes(graph, replacements), constants } : undefined;
}

function isFloat(constant: Constant): boolean {
  return constant.tensor.dataType === 'float32';
}

function scaledConv(conv: TypedNode, follower: TypedNode, affine: Affine, constants: Map<string, Constant>): TypedNode {
  const weights = constants.get(conv.inputs[1])!;
  const bias = conv.inputs[2] ? hostTensor(constants.get(conv.inputs[2])!) : undefined;
  const name = follower.outputs[0];
  const put = (suffix: string, constant: Constant) => {
    constants.set(name + suffix, constant);
    return name + suffix;
  };
  const { scale, shift } = affine;
  const perChannel = elementCount(weights.tensor.dims) / scale.length;
  const biasValues = shift.map((s, c) => s + scale[c] * (bias ? (bias.data as Float32Array)[c] : 0));
  const inputs = [
    conv.inputs[0],
    put('/weights', scaledConstant(weights, scale, perChannel)),
    put('/bias', { kind: 'host', tensor: { dataType: 'float32', dims: [scale.length], data: biasValues } }),
  ];
  return { ...conv, inputs, outputs: [name], origins: [...conv.origins, ...follower.origins] };
}

/** The affine map a node applies to the output of `conv`, where it is one with constant coefficients. */
function affineOf(node: TypedNode, conv: TypedNode, graph: TypedGraph): Affine | undefined {
  const channels = constantShape(conv.inputs[1], graph)?.[0];
  const rank = graph.types.get(conv.outputs[0])?.shape?.length;
  if (node.domain !== '' || channels === undefined || rank === undefined) return undefined;
  const value = conv.outputs[0];
  if (node.opType === 'BatchNormalization')
    return node.inputs[0] === value ? batchNormalization(node, graph, channels) : undefined;
  const other = node.inputs[0] === value ? 1 : 0;
  if (node.inputs.length !== 2 || node.inputs[0] === node.inputs[1]) return undefined;
  const coefficients = perChannel(node.inputs[other], graph, channels, rank);
  if (!coefficients) return undefined;
  const filled = (number: number) => new Float32Array(channels).fill(number);
  switch (node.opType) {
    case 'Mul':
      return { scale: coefficients, shift: filled(0) };
    case 'Div':
      return other === 1 ? { scale: coefficients.map((c) => 1 / c), shift: filled(0) } : undefined;
    case 'Add':
      return { scale: filled(1), shift: coefficients };
    case 'Sub':
      return other === 1
        ? { scale: filled(1), shift: coefficients.map((c) => -c) }
        : { scale: filled(-1), shift: coefficients };
    default:
      return undefined;
  }
}

function constantShape(name: string, graph: TypedGraph): readonly number[] | undefined {
  return graph.constants.get(name)?.tensor.dims;
}

function batchNormalization(node: TypedNode, graph: TypedGraph, channels: number): Affine | undefined {
  if (node.outputs.filter((name) => name !== '').length !== 1) return undefined;
  const parts = node.inputs.slice(1, 5).map((name) => graph.constants.get(name));
  if (parts.length !== 4 || parts.some((c) => c === undefined || elementCount(c.tensor.dims) !== channels))
    return undefined;
  const [gamma, beta, mean, variance] = parts.map((c) => {
    const tensor = hostTensor(c!);
    return toFloat32(tensor.dataType, tensor.data);
  });
  const attribute = node.attributes.get('epsilon');
  const epsilon = attribute?.type === 'float' ? attribute.value : 1e-5;
  const scale = gamma.map((g, c) => g / Math.sqrt(variance[c] + epsilon));
  return { scale, shift: beta.map((b, c) => b - mean[c] * scale[c]) };
}

/** A constant that broadcasts along channels only ([C, 1, 1], [1, C, 1, 1], or one element), as C values. */
function perChannel(name: string, graph: TypedGraph, channels: number, rank: number): Float32Array | undefined {
  const constant = graph.constants.get(name);
  if (constant?.tensor.dataType !== 'float32') return undefined;
  const { dims } = constant.tensor;
  if (dims.length > rank) return undefined;
  const count = elementCount(dims);
  const channelAxis = dims.length - rank + 1;
  const varies = dims.findIndex((size) => size !== 1);
  if (count === 1) return new Float32Array(channels).fill((hostTensor(constant).data as Float32Array)[0]);
  return count === channels && varies === channelAxis
    ? Float32Array.from(hostTensor(constant).data as Float32Array)
    : undefined;
}
