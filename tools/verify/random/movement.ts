import { count } from './builder.js';
import type { Step } from './elementwise.js';
import type { Random } from './random.js';

/** Ranks the graphs go up to. */
const maxRank = 8;

/** Elements of a value stay below this. */
const maxElements = 20_000;

/** A random shape of as many elements. */
function refactored(random: Random, total: number): number[] {
  if (total === 0) return random.shuffled([0, random.int(1, 4), random.int(1, 4)]);
  const dims: number[] = [];
  let rest = total;
  while (rest > 1 && dims.length < maxRank - 1) {
    const divisors = Array.from({ length: rest }, (_, i) => i + 1).filter((d) => d > 1 && rest % d === 0);
    const size = random.pick(divisors);
    dims.push(size);
    rest /= size;
  }
  if (rest > 1) dims.push(rest);
  return random.shuffled(dims.length < maxRank && random.chance(0.3) ? [...dims, 1] : dims);
}

const reshape: Step = ({ random, add, vector }, x) => {
  const dims = refactored(random, count(x.dims));
  const open = count(x.dims) > 0 && dims.length > 0 && random.chance(0.5) ? random.int(0, dims.length - 1) : -1;
  const shape = vector(dims.map((size, i) => (i === open ? -1 : size)));
  return add('Reshape', [x, shape], [{ ...x, dims }], { allowzero: count(x.dims) === 0 ? 1 : 0 });
};

const transpose: Step = ({ random, add }, x) => {
  const perm = random.shuffled(x.dims.map((_, axis) => axis));
  return add('Transpose', [x], [{ ...x, dims: perm.map((axis) => x.dims[axis]) }], { perm });
};

const unsqueeze: Step = ({ random, add, vector }, x) => {
  if (x.dims.length >= maxRank) return undefined;
  const axis = random.int(0, x.dims.length);
  return add('Unsqueeze', [x, vector([axis])], [{ ...x, dims: x.dims.toSpliced(axis, 0, 1) }]);
};

const squeeze: Step = ({ random, add, vector }, x) => {
  const ones = x.dims.flatMap((size, axis) => (size === 1 ? [axis] : []));
  if (ones.length === 0) return undefined;
  const axis = random.pick(ones);
  return add('Squeeze', [x, vector([axis])], [{ ...x, dims: x.dims.toSpliced(axis, 1) }]);
};

const flatten: Step = ({ random, add }, x) => {
  const axis = random.int(0, x.dims.length);
  return add('Flatten', [x], [{ ...x, dims: [count(x.dims.slice(0, axis)), count(x.dims.slice(axis))] }], { axis });
};

const slice: Step = ({ random, add, vector }, x) => {
  if (x.dims.length === 0) return undefined;
  const axis = random.int(0, x.dims.length - 1);
  const size = x.dims[axis];
  const step = random.pick([1, 1, 2, 3, -1, -2]);
  const [a, b] = [random.int(0, size), random.int(0, size)];
  const [start, end] = step > 0 ? [Math.min(a, b), Math.max(a, b)] : [Math.max(a, b) - 1, Math.min(a, b) - 1];
  const length = Math.max(0, Math.ceil((end - start) / step));
  const stated = step < 0 && end < 0 ? -size - 1 : end;
  if (start < 0 || length === 0) return undefined;
  const inputs = [[start], [stated], [axis], [step]].map((values) => vector(values));
  return add('Slice', [x, ...inputs], [{ ...x, dims: x.dims.with(axis, length) }]);
};

const concat: Step = ({ random, add, constant }, x) => {
  if (x.dims.length === 0) return undefined;
  const axis = random.int(0, x.dims.length - 1);
  const size = random.int(0, 4);
  const dims = x.dims.with(axis, size);
  const other = constant(x.kind, dims, x.kind === 'bool' ? [0, 1] : [-2, 2]);
  const order = random.shuffled([x, other, ...(random.chance(0.3) ? [x] : [])]);
  const total = order.reduce((sum, value) => sum + value.dims[axis], 0);
  const bound = Math.max(x.bound, other.bound);
  return add('Concat', order, [{ ...x, dims: x.dims.with(axis, total), bound }], { axis });
};

const split: Step = ({ random, add, vector }, x) => {
  if (x.dims.length === 0) return undefined;
  const axis = random.int(0, x.dims.length - 1);
  const first = random.int(0, x.dims[axis]);
  const sizes = [first, x.dims[axis] - first];
  const outputs = sizes.map((size) => ({ ...x, dims: x.dims.with(axis, size) }));
  return add('Split', [x, vector(sizes)], outputs, { axis });
};

const pad: Step = ({ random, add, vector, scalar }, x) => {
  if (x.kind !== 'float32' || x.dims.length === 0) return undefined;
  const mode = random.pick(['constant', 'edge', 'reflect']);
  const most = (size: number) => (mode === 'reflect' ? Math.min(2, size - 1) : 2);
  if (mode !== 'constant' && count(x.dims) === 0) return undefined;
  const pads = [...x.dims, ...x.dims].map((size) => random.int(0, Math.max(0, most(size))));
  const rank = x.dims.length;
  const dims = x.dims.map((size, axis) => size + pads[axis] + pads[rank + axis]);
  if (count(dims) > maxElements) return undefined;
  const inputs = [x, vector(pads), ...(mode === 'constant' ? [scalar('float32', 0.5)] : [])];
  return add('Pad', inputs, [{ ...x, dims, bound: Math.max(1, x.bound) }], { mode });
};

const tile: Step = ({ random, add, vector }, x) => {
  const repeats = x.dims.map(() => random.pick([1, 1, 2, 3]));
  const dims = x.dims.map((size, axis) => size * repeats[axis]);
  return count(dims) > maxElements ? undefined : add('Tile', [x, vector(repeats)], [{ ...x, dims }]);
};

const expand: Step = ({ random, add, vector }, x) => {
  const front = x.dims.length < maxRank - 1 ? Array.from({ length: random.int(0, 2) }, () => random.int(1, 3)) : [];
  const own = x.dims.map((size) => (size === 1 ? random.int(1, 3) : size));
  const dims = [...front, ...own].slice(-maxRank);
  if (dims.length < x.dims.length || count(dims) > maxElements) return undefined;
  return add('Expand', [x, vector(dims)], [{ ...x, dims }]);
};

const gather: Step = ({ random, add, constant }, x) => {
  const rank = x.dims.length;
  if (rank === 0) return undefined;
  const axis = random.int(0, rank - 1);
  const size = x.dims[axis];
  const shape = random.pick([[], [3], [2, 2]] as const);
  if (size === 0 || rank - 1 + shape.length > maxRank) return undefined;
  const indices = constant('int64', shape, [-size, size - 1]);
  const dims = [...x.dims.slice(0, axis), ...shape, ...x.dims.slice(axis + 1)];
  return count(dims) > maxElements ? undefined : add('Gather', [x, indices], [{ ...x, dims }], { axis });
};

/** Steps that only move elements. */
export const movementSteps: readonly Step[] = [
  reshape,
  reshape,
  transpose,
  transpose,
  unsqueeze,
  squeeze,
  flatten,
  slice,
  slice,
  concat,
  split,
  pad,
  tile,
  expand,
  gather,
];
