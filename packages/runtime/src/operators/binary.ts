import { addDims, divideDims, multiplyDims, subtractDims } from './helpers.js';
import { elementwiseOperator, type ElementwiseDefinition } from './elementwise.js';
import { broadcastTexts } from './strings.js';
import type { NodeContext, Operator } from './types.js';

const arithmetic: readonly ElementwiseDefinition[] = [
  { type: 'Add', since: 7, wgsl: 'return a + b;', host: ([a, b]) => a + b, dim: addDims },
  { type: 'Sub', since: 7, wgsl: 'return a - b;', host: ([a, b]) => a - b, dim: subtractDims },
  { type: 'Mul', since: 7, wgsl: 'return a * b;', host: ([a, b]) => a * b, dim: multiplyDims },
  {
    type: 'Div',
    since: 7,
    wgsl: 'return divide_f32(a, b);',
    functions: ['divide'],
    // Integers have no infinity: what is divided by 0 becomes 0, as in the kernel.
    host: ([a, b], _, { isInteger }) => (isInteger ? (b === 0 ? 0 : Math.trunc(a / b)) : a / b),
    dim: divideDims,
  },
];

/** The formulas whose WGSL depends on whether the elements are floating-point or whole numbers. */
const integerDivision = 'return select(a / max(b, B(1)), A(0), b == B(0));';
const signedDivision = 'return select(a / select(b, B(1), b == B(0)), A(0), b == B(0));';

const floorMod: ElementwiseDefinition = {
  type: 'Mod',
  wgsl: `
  let rest = select(a % b, a, (bitcast<u32>(b) & 0x7fffffffu) == 0x7f800000u);
  return select(rest, rest + b, rest != A(0) && (rest < A(0)) != (b < B(0)));`,
  host([a, b], _, { isInteger }) {
    if (isInteger && b === 0) return 0;
    const rest = a % b;
    return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
  },
};

const floorModOfIntegers: ElementwiseDefinition = {
  ...floorMod,
  wgsl: `
  if (b == B(0)) { return A(0); }
  let rest = a % b;
  return select(rest, rest + b, rest != A(0) && (rest < A(0)) != (b < B(0)));`,
};

/** C's fmod: the result has the dividend's sign. */
const truncatedMod: ElementwiseDefinition = { type: 'Mod', wgsl: 'return a % b;', host: ([a, b]) => a % b };

const integerPower = `
  if (b < B(0)) { return select(A(0), a, a == A(1)); }
  var product = A(1);
  var factor = a;
  for (var n = u32(b); n > 0u; n >>= 1u) {
    if ((n & 1u) == 1u) { product *= factor; }
    factor *= factor;
  }
  return product;`;

const pow: ElementwiseDefinition = {
  type: 'Pow',
  since: 7,
  wgsl: 'return power_f32(a, f32(b));',
  functions: ['power'],
  host: ([a, b]) => a ** b,
};

const comparisons: readonly ElementwiseDefinition[] = [
  { type: 'Equal', since: 7, result: 'bool', wgsl: 'return R(a == b);', host: ([a, b]) => Number(a === b) },
  { type: 'Greater', since: 7, result: 'bool', wgsl: 'return R(a > b);', host: ([a, b]) => Number(a > b) },
  { type: 'Less', since: 7, result: 'bool', wgsl: 'return R(a < b);', host: ([a, b]) => Number(a < b) },
  { type: 'GreaterOrEqual', since: 12, result: 'bool', wgsl: 'return R(a >= b);', host: ([a, b]) => Number(a >= b) },
  { type: 'LessOrEqual', since: 12, result: 'bool', wgsl: 'return R(a <= b);', host: ([a, b]) => Number(a <= b) },
];

const bits: readonly ElementwiseDefinition[] = [
  { type: 'And', since: 7, wgsl: 'return a & b;', host: ([a, b]) => a & b },
  { type: 'Or', since: 7, wgsl: 'return a | b;', host: ([a, b]) => a | b },
  { type: 'Xor', since: 7, wgsl: 'return a ^ b;', host: ([a, b]) => a ^ b },
  { type: 'BitwiseAnd', since: 18, wgsl: 'return a & b;', host: ([a, b]) => a & b },
  { type: 'BitwiseOr', since: 18, wgsl: 'return a | b;', host: ([a, b]) => a | b },
  { type: 'BitwiseXor', since: 18, wgsl: 'return a ^ b;', host: ([a, b]) => a ^ b },
];

/** Shifts by a negative amount, or by the width and more, push every bit out: amounts count as unsigned. */
const shiftLeft: ElementwiseDefinition = {
  type: 'BitShift',
  since: 11,
  wgsl: 'return select(a << min(u32(b), 31u), A(0), u32(b) > 31u);',
  host: ([a, b]) => (b < 0 ? 0 : a * 2 ** b),
};

const shiftRight: ElementwiseDefinition = {
  type: 'BitShift',
  since: 11,
  wgsl: 'return select(a >> min(u32(b), 31u), select(A(0), ~A(0), a < A(0)), u32(b) > 31u);',
  host: ([a, b]) => (b < 0 ? (a < 0 ? -1 : 0) : Math.floor(a / 2 ** b)),
};

/** An operator that picks one of several definitions by its attributes and its operands' element types. */
function choosing(
  base: ElementwiseDefinition,
  choose: (context: NodeContext, storage: string) => ElementwiseDefinition,
): Operator {
  const operator = elementwiseOperator(base, 2);
  return {
    ...operator,
    evaluate: (context) => elementwiseOperator(choose(context, 'host'), 2).evaluate!(context),
    lower: (context) => elementwiseOperator(choose(context, context.input(0).elementType), 2).lower!(context),
  };
}

const [add, subtract, multiply, divide] = arithmetic;

const division = choosing(divide, (_, storage) => {
  if (storage === 'u32') return { ...divide, wgsl: integerDivision, functions: [] };
  return storage === 'i32' ? { ...divide, wgsl: signedDivision, functions: [] } : divide;
});

const mod = choosing({ ...floorMod, since: 10 }, ({ attributes }, storage) => {
  if (attributes.int('fmod', 0) === 1) return truncatedMod;
  return storage === 'i32' || storage === 'u32' ? floorModOfIntegers : floorMod;
});

const power = choosing(pow, (_, storage) =>
  storage === 'i32' || storage === 'u32' ? { ...pow, wgsl: integerPower, functions: [] } : pow,
);

const bitShift = choosing(shiftLeft, ({ attributes, fail }) => {
  const direction = attributes.string('direction');
  if (direction !== 'LEFT' && direction !== 'RIGHT') fail(`direction is "${direction}"; it must be "LEFT" or "RIGHT"`);
  return direction === 'LEFT' ? shiftLeft : shiftRight;
});

const [equality, ...orders] = comparisons;

/** Texts are compared too, on the host. */
const equal: Operator = {
  ...elementwiseOperator(equality, 2),
  evaluate(context) {
    if (context.input(0).dataType !== 'string') return elementwiseOperator(equality, 2).evaluate!(context);
    const { dims, pairs } = broadcastTexts(context);
    return [{ dataType: 'bool', dims, data: Uint8Array.from(pairs, ([a, b]) => Number(a === b)) }];
  },
};

/** Elementwise functions of two inputs, with numpy's broadcasting. */
export const binaryOperators: readonly Operator[] = [
  ...[add, subtract, multiply, ...orders, ...bits].map((definition) => elementwiseOperator(definition, 2)),
  equal,
  division,
  mod,
  power,
  bitShift,
];
