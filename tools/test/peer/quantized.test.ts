import { describePeerCases, type PeerCase, type PeerInput } from './peer-case.js';

const scale = (value: number): PeerInput => ({ dims: [], values: [value], constant: true });
const scales = (...values: number[]): PeerInput => ({ dims: [values.length], values, constant: true });
const u8 = (...dims: number[]): PeerInput => ({ dims, dataType: 'uint8' });
const i8 = (...dims: number[]): PeerInput => ({ dims, dataType: 'int8', range: [-128, 127], constant: true });
const zero = (value: number, dataType: 'uint8' | 'int8' = 'uint8'): PeerInput => ({
  dims: [],
  dataType,
  values: [value],
  constant: true,
});

const integer: readonly PeerCase[] = [
  { name: 'MatMulInteger', opType: 'MatMulInteger', inputs: [u8(5, 37), i8(37, 11)] },
  {
    name: 'MatMulInteger, batched, with zero points',
    opType: 'MatMulInteger',
    inputs: [u8(2, 5, 37), { ...i8(37, 11), constant: false }, zero(131), zero(-3, 'int8')],
  },
  {
    name: 'MatMulInteger, a zero point for each column',
    opType: 'MatMulInteger',
    inputs: [u8(5, 7), i8(7, 3), zero(1), { dims: [3], dataType: 'int8', values: [4, -9, 0], constant: true }],
  },
  {
    name: 'ConvInteger',
    opType: 'ConvInteger',
    attributes: { pads: [1, 0, 2, 1], strides: [2, 1] },
    inputs: [u8(2, 5, 9, 7), { ...u8(6, 5, 3, 2), constant: true }, zero(117), zero(4)],
  },
  {
    name: 'ConvInteger, in groups',
    opType: 'ConvInteger',
    attributes: { group: 3 },
    inputs: [u8(1, 6, 5, 7), { ...u8(9, 2, 3, 3), constant: true }, zero(7)],
  },
  {
    name: 'DynamicQuantizeLinear',
    opType: 'DynamicQuantizeLinear',
    outputs: ['y', 'scale', 'zero'],
    inputs: [{ dims: [7, 13], range: [-0.3, 2] }],
  },
  {
    name: 'DynamicQuantizeLinear of positive numbers',
    opType: 'DynamicQuantizeLinear',
    outputs: ['y', 'scale', 'zero'],
    inputs: [{ dims: [7, 13], range: [1, 2] }],
  },
];

const linear: readonly PeerCase[] = [
  {
    name: 'QLinearMatMul',
    opType: 'QLinearMatMul',
    steps: 1,
    inputs: [
      u8(2, 5, 37),
      scale(0.02),
      zero(120),
      { ...u8(2, 37, 11), constant: true },
      scale(0.01),
      zero(99),
      scale(0.05),
      zero(128),
    ],
  },
  {
    name: 'QLinearConv',
    opType: 'QLinearConv',
    steps: 1,
    attributes: { pads: [1, 1, 1, 1], strides: [1, 2] },
    inputs: [
      u8(1, 5, 9, 8),
      scale(0.02),
      zero(120),
      { ...u8(6, 5, 3, 3), constant: true },
      scale(0.01),
      zero(99),
      scale(0.08),
      zero(128),
    ],
  },
  {
    name: 'QLinearConv, a scale for each channel, with a bias',
    opType: 'QLinearConv',
    steps: 1,
    attributes: { dilations: [2, 1] },
    inputs: [
      u8(1, 3, 9, 8),
      scale(0.02),
      zero(120),
      i8(4, 3, 3, 2),
      scales(0.01, 0.02, 0.005, 0.013),
      { dims: [4], dataType: 'int8', values: [0, 0, 0, 0], constant: true },
      scale(0.08),
      zero(128),
      { dims: [4], dataType: 'int32', values: [900, -2000, 31, 0], constant: true },
    ],
  },
];

const microsoft = { domain: 'com.microsoft', steps: 1 };
const [a, b, c] = [
  [u8(3, 1, 7), scale(0.02), zero(120)],
  [u8(4, 7), scale(0.013), zero(90)],
  [scale(0.04), zero(128)],
];
const image = [u8(1, 6, 5, 7), scale(0.02), zero(120)];
const pool = { kernel_shape: [3, 2], pads: [1, 0, 1, 1], strides: [2, 1] };

const linearOperators: readonly PeerCase[] = [
  { ...microsoft, name: 'QLinearAdd', opType: 'QLinearAdd', inputs: [...a, ...b, ...c] },
  { ...microsoft, name: 'QLinearMul', opType: 'QLinearMul', inputs: [...a, ...b, ...c] },
  { ...microsoft, name: 'QLinearSigmoid', opType: 'QLinearSigmoid', inputs: [...a, scale(1 / 256), zero(0)] },
  {
    ...microsoft,
    name: 'QLinearLeakyRelu',
    opType: 'QLinearLeakyRelu',
    attributes: { alpha: 0.2 },
    inputs: [...a, ...c],
  },
  {
    ...microsoft,
    name: 'QLinearSoftmax',
    opType: 'QLinearSoftmax',
    attributes: { axis: -1, opset: 13 },
    inputs: [...a, scale(1 / 256), zero(0)],
  },
  {
    ...microsoft,
    name: 'QLinearAveragePool',
    opType: 'QLinearAveragePool',
    attributes: pool,
    inputs: [...image, ...c],
  },
  {
    ...microsoft,
    name: 'QLinearGlobalAveragePool, channels last',
    opType: 'QLinearGlobalAveragePool',
    attributes: { channels_last: 1 },
    inputs: [...image, scale(0.01), zero(128)],
  },
  {
    ...microsoft,
    name: 'QLinearConcat',
    opType: 'QLinearConcat',
    attributes: { axis: 1 },
    inputs: [...c, u8(2, 3, 5), scale(0.02), zero(120), u8(2, 4, 5), scale(0.013), zero(90)],
  },
  {
    ...microsoft,
    name: 'QLinearWhere',
    opType: 'QLinearWhere',
    inputs: [{ dims: [4, 7], dataType: 'bool', range: [0, 1] }, ...b, ...b, ...c],
  },
];

const products: readonly PeerCase[] = [
  {
    ...microsoft,
    name: 'QGemm with a bias',
    opType: 'QGemm',
    attributes: { transB: 1, alpha: { type: 'float', value: 1 } },
    inputs: [
      u8(5, 37),
      scale(0.02),
      zero(120),
      i8(11, 37),
      scale(0.01),
      zero(0, 'int8'),
      { dims: [11], dataType: 'int32', range: [-2000, 2000], constant: true },
      scale(0.05),
      zero(128),
    ],
  },
  {
    name: 'DynamicQuantizeMatMul',
    domain: 'com.microsoft',
    opType: 'DynamicQuantizeMatMul',
    tolerance: 1e-2,
    inputs: [{ dims: [2, 5, 37] }, i8(37, 11), scale(0.01), zero(3, 'int8'), { dims: [11] }],
  },
  {
    name: 'MatMulIntegerToFloat',
    domain: 'com.microsoft',
    opType: 'MatMulIntegerToFloat',
    inputs: [
      u8(5, 37),
      i8(37, 11),
      scale(0.02),
      scales(...Array.from({ length: 11 }, (_, i) => 0.01 + i / 1000)),
      zero(7),
    ],
  },
  {
    name: 'DynamicQuantizeLSTM',
    domain: 'com.microsoft',
    opType: 'DynamicQuantizeLSTM',
    attributes: { hidden_size: 6 },
    tolerance: 2e-2,
    outputs: ['y', 'h', 'c'],
    inputs: [
      { dims: [7, 2, 5] },
      i8(1, 5, 24),
      i8(1, 6, 24),
      { dims: [1, 48] },
      null,
      null,
      null,
      null,
      scales(0.004),
      { dims: [1], dataType: 'int8', values: [0], constant: true },
      scales(0.003),
      { dims: [1], dataType: 'int8', values: [0], constant: true },
    ],
  },
];

describePeerCases('Integer operators agree with onnxruntime', [...integer, ...linear, ...linearOperators, ...products]);
