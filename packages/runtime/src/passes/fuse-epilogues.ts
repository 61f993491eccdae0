import type { Attribute } from '@tessera/onnx-loader';
import type { TypedGraph, TypedNode } from '../graph.js';
import { isInteger } from '../operators/numbers.js';
import { toFloat32 } from '../program/storage.js';
import { elementCount, hostTensor } from './constants.js';
import { findUses, replaceNodes, type Uses } from './rewrite.js';

interface Activation {
  readonly kind: string;
  readonly params: readonly number[];
}

/** The inputs at which a fused form takes its bias and its residual. */
interface Addends {
  readonly bias: number;
  readonly residual: number;
}

interface Form {
  readonly opType: string;
  /** Without it the form takes an activation alone. */
  readonly addends?: Addends;
}

const addends: Addends = { bias: 2, residual: 3 };

const fusedForms: Readonly<Record<string, Form>> = {
  Conv: { opType: 'FusedConv', addends },
  MatMul: { opType: 'FusedMatMul', addends },
  Gemm: { opType: 'FusedGemm' },
  BatchNormalization: { opType: 'FusedBatchNormalization' },
};

/**
 * Moves what follows an operator into its store: an activation; before it, of convolutions and matrix products, a bias
 * (MatMul + Add) and a residual of the same shape.
 */
export function fuseEpilogues(graph: TypedGraph): TypedGraph {
  const uses = findUses(graph);
  const position = new Map(graph.nodes.map((node, i) => [node, i]));
  const replacements = new Map<TypedNode, TypedNode | null>();
  for (const root of graph.nodes) {
    const form = root.domain === '' && hasOneOutput(root) ? fusedForms[root.opType] : undefined;
    if (!form || replacements.has(root) || !isFloat(graph, root.outputs[0])) continue;
    const chain = epilogueChain(root, form, graph, uses, replacements, position);
    if (chain.absorbed.length === 1) continue;
    for (const node of chain.absorbed) replacements.set(node, null);
    replacements.set(chain.absorbed.at(-1)!, fusedNode(root, form.opType, chain));
  }
  return replacements.size > 0 ? replaceNodes(graph, replacements) : graph;
}

function hasOneOutput(node: TypedNode): boolean {
  return node.outputs.filter((name) => name !== '').length === 1;
}

/** Epilogues are kept in floating point; products of integers have none. */
function isFloat(graph: TypedGraph, value: string): boolean {
  const type = graph.types.get(value);
  return type !== undefined && !isInteger(type.dataType);
}

interface Chain {
  /** The root and its followers, in order. */
  readonly absorbed: readonly TypedNode[];
  readonly inputs: readonly string[];
  readonly activation?: Activation;
}

function epilogueChain(
  root: TypedNode,
  form: Form,
  graph: TypedGraph,
  uses: Uses,
  taken: ReadonlyMap<TypedNode, TypedNode | null>,
  position: ReadonlyMap<TypedNode, number>,
): Chain {
  const absorbed = [root];
  const inputs = form.addends ? [root.inputs[0], root.inputs[1], root.inputs[2] ?? '', ''] : [...root.inputs];
  for (;;) {
    const value = absorbed.at(-1)!.outputs[0];
    const next = uses.onlyConsumer(value);
    if (!next || taken.has(next)) return { absorbed, inputs };
    const activation = activationOf(next, value, graph);
    if (activation) return { absorbed: [...absorbed, next], inputs, activation };
    const slot = addendSlot(next, value, inputs, form, graph);
    if (slot === undefined) return { absorbed, inputs };
    const other = next.inputs[0] === value ? next.inputs[1] : next.inputs[0];
    if (slot === form.addends?.residual && !isLaterOf(absorbed, other, uses, position)) return { absorbed, inputs };
    inputs[slot] = other;
    absorbed.push(next);
  }
}

/** Of two products that are added, the later one takes the other as its residual, which then exists when it runs. */
function isLaterOf(
  absorbed: readonly TypedNode[],
  other: string,
  uses: Uses,
  position: ReadonlyMap<TypedNode, number>,
): boolean {
  const producer = uses.producer.get(other);
  if (!producer || !fusedForms[producer.opType]?.addends) return true;
  return position.get(producer)! < position.get(absorbed.at(-1)!)!;
}

/** Which input of the fused form an Add's other operand can become. */
function addendSlot(
  node: TypedNode,
  value: string,
  inputs: readonly string[],
  form: Form,
  graph: TypedGraph,
): number | undefined {
  const slots = form.addends;
  if (!slots || node.opType !== 'Add' || node.domain !== '' || node.inputs[0] === node.inputs[1]) return undefined;
  const other = node.inputs[0] === value ? node.inputs[1] : node.inputs[0];
  const shape = graph.types.get(value)?.shape;
  const otherType = graph.types.get(other);
  if (!shape || !otherType?.shape) return undefined;
  const hasResidual = inputs[slots.residual] !== '';
  const isRow = form.opType === 'FusedMatMul' && otherType.shape.length === 1 && otherType.shape[0] === shape.at(-1);
  if (isRow && inputs[slots.bias] === '' && !hasResidual && graph.constants.has(other)) return slots.bias;
  const sameShape = otherType.shape.length === shape.length && otherType.shape.every((dim, i) => dim === shape[i]);
  return sameShape && !hasResidual ? slots.residual : undefined;
}

function activationOf(node: TypedNode, value: string, graph: TypedGraph): Activation | undefined {
  if (node.inputs[0] !== value || (node.domain !== '' && node.domain !== 'tessera')) return undefined;
  const float = (name: string, fallback: number) => {
    const attribute = node.attributes.get(name);
    return attribute?.type === 'float' ? attribute.value : fallback;
  };
  const approximate = node.attributes.get('approximate');
  switch (node.opType) {
    case 'Relu':
      return { kind: 'relu', params: [] };
    case 'LeakyRelu':
      return { kind: 'leaky-relu', params: [float('alpha', 0.01)] };
    case 'Sigmoid':
      return { kind: 'sigmoid', params: [] };
    case 'HardSigmoid':
      return { kind: 'hard-sigmoid', params: [float('alpha', 0.2), float('beta', 0.5)] };
    case 'HardSwish':
      return { kind: 'hard-swish', params: [] };
    case 'Silu':
      return { kind: 'silu', params: [] };
    case 'Tanh':
      return { kind: 'tanh', params: [] };
    case 'Gelu':
      return {
        kind: approximate?.type === 'string' && approximate.value === 'tanh' ? 'gelu-tanh' : 'gelu',
        params: [],
      };
    case 'Clip':
      return clipActivation(node, graph, float);
    default:
      return undefined;
  }
}

const largestFloat = 3.4028234663852886e38;

function clipActivation(
  node: TypedNode,
  graph: TypedGraph,
  float: (name: string, fallback: number) => number,
): Activation | undefined {
  if (node.opset < 11) return { kind: 'clip', params: [float('min', -largestFloat), float('max', largestFloat)] };
  const bounds = [node.inputs[1] ?? '', node.inputs[2] ?? ''].map((name, i) => {
    if (name === '') return i === 0 ? -largestFloat : largestFloat;
    const constant = graph.constants.get(name);
    if (!constant || elementCount(constant.tensor.dims) !== 1) return undefined;
    const { dataType, data } = hostTensor(constant);
    return toFloat32(dataType, data)[0];
  });
  return bounds.includes(undefined) ? undefined : { kind: 'clip', params: bounds as number[] };
}

function fusedNode(root: TypedNode, opType: string, chain: Chain): TypedNode {
  const attributes = new Map<string, Attribute>(root.attributes);
  if (chain.activation) {
    attributes.set('activation', { type: 'string', value: chain.activation.kind });
    attributes.set('activation_params', { type: 'floats', value: chain.activation.params });
  }
  const outputs = [chain.absorbed.at(-1)!.outputs[0]];
  const origins = chain.absorbed.flatMap((node) => node.origins);
  return { ...root, opType, domain: 'tessera', opset: 1, inputs: chain.inputs, outputs, attributes, origins };
}
