import type { Constant, TypedGraph, TypedNode } from '../graph.js';
import { elementCount, hostTensor, scaledConstant } from './constants.js';
import { findUses, replaceNodes, type Uses } from './rewrite.js';

/** Scales a matrix product by a constant row in its constant matrix: (A x B + b) * c = A x (B * c) + b * c. */
export function foldRowScales(graph: TypedGraph): TypedGraph {
  let current = graph;
  for (;;) {
    const next = foldScale(current);
    if (!next) return current;
    current = next;
  }
}

function foldScale(graph: TypedGraph): TypedGraph | undefined {
  const uses = findUses(graph);
  for (const node of graph.nodes) {
    if (node.domain !== '' || node.opType !== 'Mul') continue;
    const scaled = node.inputs.find((name) => graph.constants.has(name));
    const value = node.inputs.find((name) => !graph.constants.has(name));
    if (scaled === undefined || value === undefined || uses.onlyConsumer(value) !== node) continue;
    const [first, add] = productOf(value, graph, uses);
    const columns = first && rowLength(first, graph);
    const scale = columns && asRow(graph.constants.get(scaled)!, columns);
    const bias = add && graph.constants.get(add.inputs.find((name) => graph.constants.has(name))!);
    const biasRow = bias && columns && asRow(bias, columns);
    if (!first || !scale || (add && !biasRow)) continue;
    return withScale(graph, { node, product: first, add, scale, biasRow: biasRow || undefined });
  }
  return undefined;
}

/** The MatMul a value comes from, and the Add of a constant between them, if there is one. */
function productOf(value: string, graph: TypedGraph, uses: Uses): [TypedNode?, TypedNode?] {
  const producer = uses.producer.get(value);
  if (producer?.domain !== '') return [];
  if (producer.opType === 'MatMul') return [producer];
  if (producer.opType !== 'Add') return [];
  const inner = producer.inputs.find((name) => !graph.constants.has(name));
  const product = inner === undefined ? undefined : uses.producer.get(inner);
  const hasConstant = producer.inputs.some((name) => graph.constants.has(name));
  const isProduct = product?.opType === 'MatMul' && product.domain === '' && uses.onlyConsumer(inner!) === producer;
  return isProduct && hasConstant ? [product, producer] : [];
}

/** The columns of a product's constant float32 matrix. */
function rowLength(product: TypedNode, graph: TypedGraph): number | undefined {
  const matrix = graph.constants.get(product.inputs[1])?.tensor;
  return matrix?.dataType === 'float32' && matrix.dims.length === 2 ? matrix.dims[1] : undefined;
}

/** A constant that varies along the last dimension alone, or not at all, as `length` numbers. */
function asRow(constant: Constant, length: number): Float32Array | undefined {
  const { dims, dataType } = constant.tensor;
  const count = elementCount(dims);
  if (dataType !== 'float32' || (count !== 1 && (count !== length || dims.at(-1) !== length))) return undefined;
  const data = hostTensor(constant).data as Float32Array;
  return count === 1 ? new Float32Array(length).fill(data[0]) : data;
}

interface ScaledProduct {
  readonly node: TypedNode;
  readonly product: TypedNode;
  readonly add?: TypedNode;
  readonly scale: Float32Array;
  readonly biasRow?: Float32Array;
}

function withScale(graph: TypedGraph, { node, product, add, scale, biasRow }: ScaledProduct): TypedGraph {
  const constants = new Map(graph.constants);
  const types = new Map(graph.types);
  const [output] = node.outputs;
  const put = (suffix: string, constant: Constant): string => {
    constants.set(output + suffix, constant);
    types.set(output + suffix, { dataType: 'float32', shape: constant.tensor.dims });
    return output + suffix;
  };
  const matrix = scaledConstant(constants.get(product.inputs[1])!, scale, 1);
  const scaled = { ...product, inputs: [product.inputs[0], put('/matrix', matrix)] };
  const origins = [...(add ?? product).origins, ...node.origins];
  const last = add
    ? {
        ...add,
        inputs: [
          product.outputs[0],
          put('/bias', {
            kind: 'host',
            tensor: { dataType: 'float32', dims: [scale.length], data: biasRow!.map((b, i) => b * scale[i]) },
          }),
        ],
      }
    : scaled;
  const replaced = new Map<TypedNode, TypedNode | null>([[product, scaled]]);
  if (add) replaced.set(add, null);
  const end = { ...last, outputs: node.outputs, origins };
  if (!add) replaced.set(product, null);
  replaced.set(node, end);
  return { ...replaceNodes(graph, replaced), constants, types };
}
