import { count, type Builder, type Value } from './builder.js';
import type { Step } from './elementwise.js';

/** Pixels or steps as rows [batch, row, channel], in windows of a random length where it divides the rows. */
function rowsOf({ random, add, vector }: Builder, x: Value): Value {
  const [batch, ...rest] = x.dims;
  const [channels, length] = x.dims.length === 4 ? [rest[0], count(rest.slice(1))] : [rest[1], rest[0]];
  let rows = x;
  if (x.dims.length === 4) {
    const planes = { ...x, dims: [batch, channels, length] };
    const [flat] = add('Reshape', [x, vector(planes.dims)], [planes]);
    [rows] = add('Transpose', [flat], [{ ...x, dims: [batch, length, channels] }], { perm: [0, 2, 1] });
  }
  const window = random.pick([2, 3, 4, 5].filter((size) => length % size === 0).concat(length));
  const dims = [(batch * length) / window, window, channels];
  return add('Reshape', [rows, vector(dims)], [{ ...x, dims }])[0];
}

/** Self-attention as exporters write it, node by node, of random heads, their size and windows. */
const selfAttention: Step = (graph, x) => {
  const { random, add, constant, scalar, vector } = graph;
  const isSuited = x.kind === 'float32' && x.bound <= 4 && (x.dims.length === 3 || x.dims.length === 4);
  if (!isSuited || count(x.dims) === 0) return undefined;
  const rows = rowsOf(graph, x);
  const [batch, length, channels] = rows.dims;
  const [heads, size] = [random.int(1, 6), random.int(1, 9)];
  const width = heads * size;
  const made = (dims: readonly number[], bound = x.bound) => ({ kind: x.kind, dims, bound, isExact: false });
  const reach = 1 / channels;
  const weights = constant('float32', [channels, 3 * width], [-reach, reach]);
  const [packed] = add('MatMul', [rows, weights], [made([batch, length, 3 * width])]);
  const [parted] = add('Reshape', [packed, vector([0, 0, 3, heads, size])], [made([batch, length, 3, heads, size])]);
  const [turned] = add('Transpose', [parted], [made([3, batch, heads, length, size])], { perm: [2, 0, 3, 1, 4] });
  const [q, k, v] = [0, 1, 2].map(
    (index) => add('Gather', [turned, scalar('int64', index)], [made([batch, heads, length, size])], { axis: 0 })[0],
  );
  const [columns] = add('Transpose', [k], [made([batch, heads, size, length])], { perm: [0, 1, 3, 2] });
  const square = [batch, heads, length, length];
  const [scores] = add('MatMul', [q, columns], [made(square, x.bound ** 2 * size)]);
  const [scaled] = add('Mul', [scores, scalar('float32', 1 / size)], [made(square, x.bound ** 2)]);
  const [chances] = add('Softmax', [scaled], [made(square, 1)], { axis: -1 });
  const [mixed] = add('MatMul', [chances, v], [made([batch, heads, length, size])]);
  const [joined] = add('Transpose', [mixed], [made([batch, length, heads, size])], { perm: [0, 2, 1, 3] });
  return add('Reshape', [joined, vector([0, 0, width])], [made([batch, length, width])]);
};

export const attentionSteps: readonly Step[] = [selfAttention];
