import type { AttributeSpec } from '../../testing/index.js';
import { count, type Builder, type Value, type ValueKind } from './builder.js';
import type { Random } from './random.js';

/** Adds nodes that use a value, and gives what they make; undefined where they cannot follow it. */
export type Step = (builder: Builder, x: Value) => readonly Value[] | undefined;

/** Elements beyond this are brought back before they are used in functions that grow. */
const largest = 50;

interface Unary {
  readonly bound: (bound: number) => number;
  /** The same elements on every machine. */
  readonly isExact?: boolean;
  readonly jumps?: boolean;
  readonly attributes?: (random: Random) => Readonly<Record<string, AttributeSpec>>;
}

const one = () => 1;
const same = (bound: number) => bound;
const float = (value: number): AttributeSpec => ({ type: 'float', value });

const unaries: Readonly<Record<string, Unary>> = {
  Abs: { bound: same, isExact: true },
  Neg: { bound: same, isExact: true },
  Relu: { bound: same, isExact: true },
  Identity: { bound: same, isExact: true },
  Floor: { bound: (b) => b + 1, isExact: true, jumps: true },
  Ceil: { bound: (b) => b + 1, isExact: true, jumps: true },
  Round: { bound: (b) => b + 1, isExact: true, jumps: true },
  Sign: { bound: one, isExact: true, jumps: true },
  Sigmoid: { bound: one },
  Tanh: { bound: one },
  Sin: { bound: one },
  Cos: { bound: one },
  Atan: { bound: () => 1.6 },
  Erf: { bound: one },
  Softsign: { bound: one },
  Softplus: { bound: (b) => b + 1 },
  Elu: { bound: (b) => b + 1, attributes: (r) => ({ alpha: float(0.5 + r.number()) }) },
  Selu: { bound: (b) => 1.1 * b + 2 },
  LeakyRelu: { bound: same, attributes: (r) => ({ alpha: float(r.number()) }) },
  ThresholdedRelu: { bound: same, isExact: true, jumps: true, attributes: (r) => ({ alpha: float(r.number()) }) },
  HardSigmoid: { bound: one, attributes: (r) => ({ alpha: float(r.number()), beta: float(r.number()) }) },
  HardSwish: { bound: (b) => b + 1 },
  Mish: { bound: (b) => b + 1 },
};

const unary: Step = ({ random, add }, x) => {
  const opType = random.pick(Object.keys(unaries));
  const { bound, isExact = false, jumps = false, attributes } = unaries[opType];
  if (x.kind !== 'float32' || (jumps && !x.isExact)) return undefined;
  const result = { kind: x.kind, dims: x.dims, bound: bound(x.bound), isExact: isExact && x.isExact };
  return add(opType, [x], [result], attributes?.(random));
};

/** Functions of positive numbers, on |x| + 1/2. */
const positive: Step = ({ random, add, scalar }, x) => {
  if (x.kind !== 'float32') return undefined;
  const [magnitude] = add('Abs', [x], [x]);
  const shifted = { ...magnitude, bound: x.bound + 1, isExact: false };
  const [sum] = add('Add', [magnitude, scalar('float32', 0.5)], [shifted]);
  return add(random.pick(['Log', 'Sqrt', 'Reciprocal']), [sum], [{ ...shifted, bound: Math.max(2, shifted.bound) }]);
};

/** A shape that broadcasts with another: some sizes 1, and some of the first dimensions left out. */
function broadcastable(random: Random, dims: readonly number[]): number[] {
  const kept = dims.slice(random.int(0, dims.length));
  return kept.map((size) => (random.chance(0.3) ? 1 : size));
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a + b,
  Mul: (a, b) => a * b,
  Max: Math.max,
  Min: Math.max,
};

function operand({ random, constant }: Builder, x: Value): Value {
  const range: readonly [number, number] = x.kind === 'float32' ? [-2, 2] : [-5, 5];
  return constant(x.kind, broadcastable(random, x.dims), x.kind === 'bool' ? [0, 1] : range);
}

const binary: Step = (builder, x) => {
  const { random, add } = builder;
  if (x.kind === 'bool' || x.bound > largest) return undefined;
  const other = random.chance(0.2) ? x : operand(builder, x);
  const opType = random.pick(Object.keys(arithmetic));
  const isExact = x.isExact && (x.kind !== 'float32' || opType === 'Max' || opType === 'Min');
  const result = { kind: x.kind, dims: x.dims, bound: arithmetic[opType](x.bound, other.bound), isExact };
  return add(opType, random.chance(0.5) ? [x, other] : [other, x], [result]);
};

const quotient: Step = (builder, x) => {
  const { random, add, constant } = builder;
  if (x.kind === 'bool') return undefined;
  const isFloat = x.kind === 'float32';
  const divisor = constant(x.kind, broadcastable(random, x.dims), isFloat ? [0.5, 2] : [1, 5]);
  const isExact = x.isExact && !isFloat;
  return add('Div', [x, divisor], [{ kind: x.kind, dims: x.dims, bound: isFloat ? 2 * x.bound : x.bound, isExact }]);
};

const modulo: Step = ({ random, add, constant }, x) => {
  if (x.kind !== 'int32' && x.kind !== 'int64') return undefined;
  const divisor = constant(x.kind, broadcastable(random, x.dims), [1, 7]);
  return add('Mod', [x, divisor], [{ ...x, bound: 7 }], { fmod: random.int(0, 1) });
};

const comparison: Step = (builder, x) => {
  const { random, add } = builder;
  if (!x.isExact || x.kind === 'bool') return undefined;
  const other = operand(builder, x);
  const opType = random.pick(['Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'Equal']);
  return add(opType, [x, other], [{ kind: 'bool', dims: x.dims, bound: 1, isExact: true }]);
};

const logic: Step = (builder, x) => {
  const { random, add } = builder;
  if (x.kind !== 'bool') return undefined;
  if (random.chance(0.3)) return add('Not', [x], [x]);
  return add(random.pick(['And', 'Or', 'Xor']), [x, operand(builder, x)], [x]);
};

const where: Step = (builder, x) => {
  const { random, add, constant } = builder;
  if (x.kind === 'bool') return undefined;
  const condition = constant('bool', broadcastable(random, x.dims), [0, 1]);
  const other = operand(builder, x);
  return add('Where', random.chance(0.5) ? [condition, x, other] : [condition, other, x], [
    { ...x, bound: Math.max(x.bound, other.bound) },
  ]);
};

const typeNumbers: Readonly<Record<ValueKind, number>> = { float32: 1, int32: 6, int64: 7, bool: 9 };

const cast: Step = ({ random, add }, x) => {
  const kind = random.pick(['float32', 'int32', 'int64', 'bool'] as const);
  if (kind !== 'float32' && !x.isExact) return undefined;
  const bound = kind === 'bool' ? 1 : x.bound;
  return add('Cast', [x], [{ kind, dims: x.dims, bound, isExact: x.isExact }], { to: typeNumbers[kind] });
};

const clip: Step = ({ random, add, scalar }, x) => {
  if (x.kind !== 'float32') return undefined;
  const [low, high] = [-random.number(), random.number()].map((bound) => Math.fround(bound));
  const bounds = [scalar('float32', low), scalar('float32', high)];
  return add('Clip', [x, random.chance(0.3) ? '' : bounds[0], bounds[1]], [x]);
};

const slope: Step = ({ random, add, constant }, x) => {
  if (x.kind !== 'float32' || count(x.dims) === 0) return undefined;
  const slopes = constant('float32', broadcastable(random, x.dims), [0, 1]);
  return add('PRelu', [x, slopes], [{ ...x, isExact: false }]);
};

/** Steps that treat each element alone. */
export const elementwiseSteps: readonly Step[] = [
  unary,
  unary,
  unary,
  positive,
  binary,
  binary,
  quotient,
  modulo,
  comparison,
  logic,
  where,
  cast,
  clip,
  slope,
];
