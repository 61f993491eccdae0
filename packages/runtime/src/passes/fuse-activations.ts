import type { TypedGraph, TypedNode } from '../graph.js';
import { toFloat32 } from '../program/storage.js';
import { elementCount, hostTensor } from './constants.js';
import { findUses, replaceNodes, type Uses } from './rewrite.js';

/**
 * Recognizes activations that exporters write as several nodes: x * Sigmoid(x) (SiLU), x * HardSigmoid(x) with the
 * coefficients of HardSwish, and the erf form of Gelu.
 */
export function fuseActivations(graph: TypedGraph): TypedGraph {
  const uses = findUses(graph);
  const replacements = new Map<TypedNode, TypedNode | null>();
  for (const node of graph.nodes) {
    const match = gatedActivation(node, uses) ?? erfGelu(node, graph, uses);
    if (!match || match.absorbed.some((n) => replacements.has(n))) continue;
    for (const absorbed of match.absorbed) replacements.set(absorbed, null);
    replacements.set(match.last, match.fused);
  }
  return replacements.size > 0 ? replaceNodes(graph, replacements) : graph;
}

interface Match {
  readonly absorbed: readonly TypedNode[];
  readonly last: TypedNode;
  readonly fused: TypedNode;
}

function match(nodes: readonly TypedNode[], input: string, opType: string, domain: string, opset: number): Match {
  const last = nodes[nodes.length - 1];
  const origins = nodes.flatMap((n) => n.origins);
  const fused: TypedNode = { ...last, opType, domain, opset, inputs: [input], attributes: new Map(), origins };
  return { absorbed: nodes.slice(0, -1), last, fused };
}

function gatedActivation(gate: TypedNode, uses: Uses): Match | undefined {
  if (gate.domain !== '' || (gate.opType !== 'Sigmoid' && gate.opType !== 'HardSigmoid')) return undefined;
  const product = uses.onlyConsumer(gate.outputs[0]);
  if (product?.opType !== 'Mul' || product.domain !== '' || !product.inputs.includes(gate.inputs[0])) return undefined;
  if (gate.opType === 'Sigmoid') return match([gate, product], gate.inputs[0], 'Silu', 'tessera', 1);
  const number = (name: string, fallback: number) => {
    const attribute = gate.attributes.get(name);
    return attribute?.type === 'float' ? attribute.value : fallback;
  };
  const isHardSwish = Math.abs(number('alpha', 0.2) - 1 / 6) < 1e-4 && number('beta', 0.5) === 0.5;
  return isHardSwish ? match([gate, product], gate.inputs[0], 'HardSwish', '', 14) : undefined;
}

/** 0.5 * x * (1 + Erf(x / sqrt(2))), in the orders exporters write the products. */
function erfGelu(erf: TypedNode, graph: TypedGraph, uses: Uses): Match | undefined {
  if (erf.opType !== 'Erf' || erf.domain !== '') return undefined;
  const scaled = uses.producer.get(erf.inputs[0]);
  if (!scaled || uses.onlyConsumer(scaled.outputs[0]) !== erf) return undefined;
  const input = scaledInput(scaled, graph);
  const sum = uses.onlyConsumer(erf.outputs[0]);
  if (input === undefined || sum?.opType !== 'Add' || scalarOperand(sum, erf.outputs[0], graph) !== 1) return undefined;
  const first = uses.onlyConsumer(sum.outputs[0]);
  const second = first && uses.onlyConsumer(first.outputs[0]);
  if (first?.opType !== 'Mul') return undefined;
  const timesInput = (node: TypedNode) => node.opType === 'Mul' && node.inputs.includes(input);
  const isHalf = (node: TypedNode, value: string) => node.opType === 'Mul' && scalarOperand(node, value, graph) === 0.5;
  if (second && timesInput(first) && isHalf(second, first.outputs[0]))
    return gelu([scaled, erf, sum, first, second], input);
  if (second && isHalf(first, sum.outputs[0]) && timesInput(second))
    return gelu([scaled, erf, sum, first, second], input);
  const half = uses.producer.get(first.inputs.find((name) => name !== sum.outputs[0]) ?? '');
  const halvesInput =
    half?.inputs.includes(input) && isHalf(half, input) && uses.onlyConsumer(half.outputs[0]) === first;
  return half && halvesInput ? gelu([scaled, erf, sum, half, first], input) : undefined;
}

function gelu(nodes: readonly TypedNode[], input: string): Match {
  return match(nodes, input, 'Gelu', '', 20);
}

/** Models in f16 hold sqrt(2) to three digits. */
const coefficientTolerance = 1e-3;

/** The x of x / sqrt(2) or x * (1 / sqrt(2)). */
function scaledInput(node: TypedNode, graph: TypedGraph): string | undefined {
  if (node.domain !== '' || node.inputs.length !== 2) return undefined;
  const near = (value: number | undefined, wanted: number) =>
    value !== undefined && Math.abs(value - wanted) < coefficientTolerance;
  const [a, b] = node.inputs;
  if (node.opType === 'Div') return near(scalar(b, graph), Math.SQRT2) ? a : undefined;
  if (node.opType !== 'Mul') return undefined;
  if (near(scalar(b, graph), Math.SQRT1_2)) return a;
  return near(scalar(a, graph), Math.SQRT1_2) ? b : undefined;
}

function scalarOperand(node: TypedNode, value: string, graph: TypedGraph): number | undefined {
  return scalar(node.inputs[0] === value ? node.inputs[1] : node.inputs[0], graph);
}

/** The value of a constant of one element. */
function scalar(name: string, graph: TypedGraph): number | undefined {
  const constant = graph.constants.get(name);
  if (!constant || elementCount(constant.tensor.dims) !== 1) return undefined;
  const { dataType, data } = hostTensor(constant);
  return dataType === 'string' ? undefined : toFloat32(dataType, data)[0];
}
