import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase, type InputCase } from './compute-case.js';

const shape = [2, 3, 5, 7];
const count = 2 * 3 * 5 * 7;

/** From -9 to 9, both ends and 0 included, and nothing in order. */
const wide = Array.from({ length: count }, (_, i) => (((i * 97) % count) / (count - 1) - 0.5) * 18);
const positive = wide.map((x) => Math.abs(x) + 0.01);
const unit = wide.map((x) => x / 9.1);
const aboveOne = positive.map((x) => 1 + x);

const unaryOf = (values: readonly number[], ...types: readonly string[]) =>
  types.map((opType): ComputeCase => ({ name: opType, opType, opset: 24, inputs: [{ dims: shape, values }] }));

const unary: readonly ComputeCase[] = [
  ...unaryOf(wide, 'Abs', 'Neg', 'Sign', 'Exp', 'Floor', 'Ceil', 'Round', 'Erf', 'Sin', 'Cos', 'Atan', 'Tanh'),
  ...unaryOf(wide, 'Sinh', 'Cosh', 'Asinh', 'Relu', 'LeakyRelu', 'ThresholdedRelu', 'Elu', 'Selu', 'Celu'),
  ...unaryOf(wide, 'Softplus', 'Softsign', 'Sigmoid', 'HardSigmoid', 'HardSwish', 'Mish', 'Gelu', 'Swish'),
  ...unaryOf(positive, 'Sqrt', 'Log', 'Reciprocal'),
  ...unaryOf(unit, 'Asin', 'Acos', 'Atanh', 'Tan'),
  ...unaryOf(aboveOne, 'Acosh'),
  {
    name: 'Gelu by tanh',
    opType: 'Gelu',
    attributes: { approximate: 'tanh' },
    inputs: [{ dims: shape, values: wide }],
  },
  { name: 'Silu', opType: 'Silu', domain: 'tessera', inputs: [{ dims: shape, values: wide }] },
  { name: 'Relu of int32', opType: 'Relu', inputs: [{ dims: [5], dataType: 'int32', values: [-2, -1, 0, 1, 2] }] },
];

const extremes = [0, -0, 88, 89, 104, -88, -104, 1e-30, -1e-30, 1e30, -1e30, 3e38, -3e38];

/** Nothing overflows into NaN on the way to a finite result. */
const extreme: readonly ComputeCase[] = [
  'Tanh',
  'Sigmoid',
  'Softplus',
  'Erf',
  'Elu',
  'Mish',
  'Gelu',
  'HardSwish',
  'Asinh',
].map((opType): ComputeCase => ({
  name: `${opType} of huge and tiny numbers`,
  opType,
  inputs: [{ dims: [extremes.length], values: extremes }],
}));

const a: InputCase = { dims: shape, values: wide };
const last: InputCase = { ...a, order: channelsLast };
const seven = (dims: readonly number[]): InputCase => ({
  dims,
  values: Array.from({ length: dims.reduce((n, d) => n * d, 1) }, (_, i) => 0.5 + ((i * 5) % 7)),
});

const broadcasts: readonly (readonly [string, InputCase, InputCase])[] = [
  ['equal shapes', a, seven(shape)],
  ['a scalar', a, seven([])],
  ['a channel', a, seven([1, 3, 1, 1])],
  ['a channel of a channels-last view', last, seven([3, 1, 1])],
  ['a channels-last view and a row-major tensor', last, seven(shape)],
  ['two channels-last views', last, { ...seven(shape), order: channelsLast }],
  ['a row', a, seven([7])],
  ['a column', a, seven([5, 1])],
  ['both sides', seven([2, 1, 5, 1]), { dims: [3, 1, 7], values: wide.slice(0, 21) }],
  ['rank 6', seven([2, 1, 3, 1, 2, 1]), seven([3, 1, 2, 1, 5])],
  ['counts that four divides', seven([4, 8, 6, 4]), seven([8, 1, 1])],
  ['channels that four divides', { dims: [2, 8, 3, 5], order: channelsLast }, seven([8, 1, 1])],
  ['one element for each position', { dims: [2, 8, 3, 5], order: channelsLast }, seven([2, 1, 3, 5])],
];

const binary: readonly ComputeCase[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Greater', 'PRelu'].map((opType): ComputeCase => ({
    name: opType,
    opType,
    inputs: [a, seven(shape)],
  })),
  ...broadcasts.map(([name, x, y]): ComputeCase => ({ name: `Sub of ${name}`, opType: 'Sub', inputs: [x, y] })),
];

const integers = (dataType: InputCase['dataType'], ...values: number[]): InputCase => ({
  dims: [values.length],
  dataType,
  values,
});

const exact: readonly ComputeCase[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Min', 'Max', 'Equal', 'Less', 'LessOrEqual'].map((opType): ComputeCase => ({
    name: `${opType} of int64`,
    opType,
    inputs: [integers('int64', 7, -7, 7, -7, 0, 5), integers('int64', 2, 2, -2, -2, 3, 5)],
  })),
  {
    name: 'Div by 0 of int32',
    opType: 'Div',
    inputs: [integers('int32', 1, -1, 0), integers('int32', 0, 0, 0)],
  },
  {
    name: 'Pow of negative bases',
    opType: 'Pow',
    inputs: [
      { dims: [8], values: [-2, -2, -2, -1.5, 0, 2, 9, -3] },
      { dims: [8], values: [2, 3, -1, 21, 2, 0.25, 0.5, 0] },
    ],
  },
  {
    name: 'Pow of int32',
    opType: 'Pow',
    inputs: [integers('int32', 2, -3, 5, 1), integers('int32', 10, 3, 0, -4)],
  },
  {
    name: 'Mod with fmod 1',
    opType: 'Mod',
    attributes: { fmod: 1 },
    inputs: [
      { dims: [4], values: [5.5, -5.5, 5.5, -5.5] },
      { dims: [4], values: [2, 2, -2, -2] },
    ],
  },
  ...['And', 'Or', 'Xor'].map((opType): ComputeCase => ({
    name: opType,
    opType,
    inputs: [integers('bool', 0, 0, 1, 1), integers('bool', 0, 1, 0, 1)],
  })),
  { name: 'Not', opType: 'Not', inputs: [integers('bool', 0, 1, 1)] },
  {
    name: 'Where',
    opType: 'Where',
    inputs: [{ dims: [5, 1], dataType: 'bool', values: [1, 0, 0, 1, 0] }, a, seven([7])],
  },
  ...['Sum', 'Mean', 'Min', 'Max'].map((opType): ComputeCase => ({
    name: `${opType} of three`,
    opType,
    inputs: [seven([3, 1, 7]), a, seven([5, 1])],
  })),
  ...[
    [1, 2],
    [1, null],
    [null, 1],
  ].map((bounds): ComputeCase => ({
    name: `Clip with bounds ${bounds.map(String).join(' and ')}`,
    opType: 'Clip',
    inputs: [a, ...bounds.map((value) => (value === null ? null : { dims: [], values: [value], constant: true }))],
  })),
  { name: 'Clip with fed bounds', opType: 'Clip', inputs: [last, seven([]), { dims: [], values: [3] }] },
  { name: 'Clip 6', opType: 'Clip', opset: 6, attributes: { min: -1.5, max: 2.5 }, inputs: [a] },
];

const quantized: readonly ComputeCase[] = (['int8', 'uint8'] as const).flatMap((dataType): ComputeCase[] => {
  const zeros: InputCase = { dims: [3], dataType, values: [0, 3, 7], constant: true };
  const scales: InputCase = { dims: [3], values: [0.05, 0.11, 0.03], constant: true };
  const scalar = (input: InputCase): InputCase => ({ ...input, dims: [], values: [input.values![1]] });
  const levels: InputCase = { dims: shape, dataType, values: wide.map((x) => Math.abs(Math.round(x * 13))) };
  return [
    { name: `QuantizeLinear to ${dataType} by channel`, opType: 'QuantizeLinear', inputs: [last, scales, zeros] },
    { name: `QuantizeLinear to ${dataType}`, opType: 'QuantizeLinear', inputs: [a, scalar(scales), scalar(zeros)] },
    { name: `DequantizeLinear of ${dataType} by channel`, opType: 'DequantizeLinear', inputs: [levels, scales, zeros] },
    { name: `DequantizeLinear of ${dataType}`, opType: 'DequantizeLinear', inputs: [levels, scalar(scales)] },
  ];
});

const casts = [
  ['float32', 'int32', 6],
  ['float32', 'uint8', 2],
  ['float32', 'bool', 9],
  ['float32', 'float16', 10],
  ['int32', 'int8', 3],
  ['int32', 'float32', 1],
  ['int64', 'uint8', 2],
] as const;

const cast: readonly ComputeCase[] = casts.map(([from, to, number]) => ({
  name: `Cast of ${from} to ${to}`,
  opType: 'Cast',
  attributes: { to: number },
  inputs: [
    { dims: [6], dataType: from, values: [-300, -1, 0, 1, 200, 300].map((x) => (from === 'float32' ? x / 2.5 : x)) },
  ],
}));

describe('Elementwise operators on the device agree with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each([...unary, ...extreme, ...binary, ...exact, ...quantized, ...cast])('$name', (test) =>
    checkCase(device, test),
  );

  it.each([...unary.slice(0, 6), ...binary])('$name, fp16', async (test) => {
    const check = checkCase(device, { ...test, tolerance: 4e-3 }, 'fp16');
    if (device.profile.hasF16) await check;
    else await expect(check).rejects.toMatchObject({ code: 'UNSUPPORTED_DEVICE' });
  });
});
