import type { Attribute } from '@tessera/onnx-loader';
import type { Constant, TypedGraph, TypedNode } from '../graph.js';
import type { Tensor } from '../tensor.js';
import { hostTensor } from './constants.js';
import { findUses, type Uses } from './rewrite.js';

/**
 * Moves a Transpose that follows a matrix product behind the scale and the residual that follow it, which then fuse with the
 * product: Transpose(v) * c = Transpose(v * c'), Transpose(v) + r = Transpose(v + Transpose(r)). A transpose is a view and
 * costs nothing. ConvNeXt's blocks end so.
 */
export function sinkTransposes(graph: TypedGraph): TypedGraph {
  let current = graph;
  for (;;) {
    const next = sinkOne(current);
    if (!next) return current;
    current = next;
  }
}

function sinkOne(graph: TypedGraph): TypedGraph | undefined {
  const uses = findUses(graph);
  for (const node of graph.nodes) {
    if (node.domain !== '' || (node.opType !== 'Mul' && node.opType !== 'Add') || node.inputs.length !== 2) continue;
    for (const [side, input] of node.inputs.entries()) {
      const transpose = uses.producer.get(input);
      if (transpose && isSinkable(transpose, node, graph, uses)) {
        const moved = behind(transpose, node, side, graph);
        if (moved) return moved;
      }
    }
  }
  return undefined;
}

function isSinkable(transpose: TypedNode, node: TypedNode, graph: TypedGraph, uses: Uses): boolean {
  if (transpose.opType !== 'Transpose' || transpose.domain !== '') return false;
  if (transpose.attributes.get('perm')?.type !== 'ints' || node.inputs[0] === node.inputs[1]) return false;
  const [value] = transpose.inputs;
  return (
    uses.onlyConsumer(transpose.outputs[0]) === node &&
    uses.onlyConsumer(value) === transpose &&
    isProduct(value, graph, uses)
  );
}

/** Whether a value is a matrix product, or one with constants added to it or multiplied by it that has no other use. */
function isProduct(value: string, graph: TypedGraph, uses: Uses): boolean {
  const producer = uses.producer.get(value);
  if (!producer || producer.domain !== '') return false;
  if (producer.opType === 'MatMul') return true;
  if (producer.opType !== 'Add' && producer.opType !== 'Mul') return false;
  const inner = producer.inputs.filter((name) => !graph.constants.has(name));
  return inner.length === 1 && uses.onlyConsumer(inner[0]) === producer && isProduct(inner[0], graph, uses);
}

function behind(transpose: TypedNode, node: TypedNode, side: number, graph: TypedGraph): TypedGraph | undefined {
  const perm = (transpose.attributes.get('perm') as Extract<Attribute, { type: 'ints' }>).value;
  const [value] = transpose.inputs;
  const other = node.inputs[1 - side];
  const before = `${node.outputs[0]}/before-transpose`;
  const types = new Map(graph.types);
  const constants = new Map(graph.constants);
  const type = graph.types.get(value);
  if (!type?.shape || type.shape.length !== perm.length) return undefined;
  const added: TypedNode[] = [];
  const operand = `${other}/transposed for ${node.outputs[0]}`;
  const constant = graph.constants.get(other);
  if (constant) {
    const moved = movedConstant(constant, perm);
    if (!moved) return undefined;
    constants.set(operand, { kind: 'host', tensor: moved });
    types.set(operand, { dataType: moved.dataType, shape: moved.dims });
  } else {
    const otherShape = graph.types.get(other)?.shape;
    const whole = graph.types.get(node.outputs[0])?.shape;
    if (node.opType !== 'Add' || !otherShape || otherShape.join() !== whole?.join()) return undefined;
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    const attributes = new Map<string, Attribute>([['perm', { type: 'ints', value: inverse }]]);
    added.push({ ...transpose, name: operand, inputs: [other], outputs: [operand], attributes, origins: [] });
    types.set(operand, type);
  }
  types.set(before, type);
  const inputs = side === 0 ? [value, operand] : [operand, value];
  added.push({ ...node, inputs, outputs: [before] });
  added.push({ ...transpose, inputs: [before], outputs: node.outputs });
  const nodes = graph.nodes.flatMap((each) => (each === transpose ? [] : each === node ? added : [each]));
  return { ...graph, nodes, constants, types };
}

/** A constant that varies along one dimension at most, as it broadcasts before the transpose. */
function movedConstant(constant: Constant, perm: readonly number[]): Tensor | undefined {
  const { dims } = constant.tensor;
  if (dims.length > perm.length || dims.filter((size) => size !== 1).length > 1) return undefined;
  const padded = [...new Array<number>(perm.length - dims.length).fill(1), ...dims];
  const moved = padded.map((_, axis) => padded[perm.indexOf(axis)]);
  return { ...hostTensor(constant), dims: moved };
}
