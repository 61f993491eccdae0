import { describePeerCases, type PeerCase, type PeerInput } from './peer-case.js';

const domain = 'com.microsoft';
const x: PeerInput = { dims: [2, 5, 12] };
const channels: PeerInput = { dims: [12] };
const ids = (high: number): PeerInput => ({ dims: [2, 5], dataType: 'int32', range: [0, high] });

const activations: readonly PeerCase[] = [
  { name: 'Gelu', domain, opType: 'Gelu', inputs: [{ ...x, range: [-4, 4] }] },
  { name: 'BiasGelu', domain, opType: 'BiasGelu', inputs: [x, channels] },
  { name: 'FastGelu', domain, opType: 'FastGelu', tolerance: 1e-3, inputs: [x, channels] },
  { name: 'QuickGelu', domain, opType: 'QuickGelu', attributes: { alpha: 1.5 }, inputs: [x] },
];

const products: readonly PeerCase[] = [
  {
    name: 'FusedMatMul',
    domain,
    opType: 'FusedMatMul',
    attributes: { transA: 1, transB: 1, alpha: 0.25 },
    inputs: [{ dims: [2, 7, 5] }, { dims: [2, 9, 7] }],
  },
  {
    name: 'FusedMatMul of moved batches',
    domain,
    opType: 'FusedMatMul',
    attributes: { transBatchA: 1, alpha: 0.5 },
    inputs: [{ dims: [5, 3, 7] }, { dims: [3, 7, 4] }],
  },
  {
    name: 'FusedConv',
    domain,
    opType: 'FusedConv',
    attributes: { activation: 'LeakyRelu', activation_params: [0.25], pads: [1, 1, 1, 1] },
    inputs: [{ dims: [1, 5, 7, 9] }, { dims: [6, 5, 3, 3], constant: true }, { dims: [6], constant: true }],
  },
  {
    name: 'FusedConv with an addend',
    domain,
    opType: 'FusedConv',
    attributes: { activation: 'Relu', pads: [1, 1, 1, 1] },
    inputs: [
      { dims: [1, 5, 7, 9] },
      { dims: [6, 5, 3, 3], constant: true },
      { dims: [6], constant: true },
      { dims: [1, 6, 7, 9] },
    ],
  },
  {
    name: 'FusedGemm',
    domain,
    opType: 'FusedGemm',
    attributes: { activation: 'Relu', transB: 1, alpha: 0.5 },
    inputs: [{ dims: [5, 7] }, { dims: [9, 7] }, { dims: [9] }],
  },
];

const normalizations: readonly PeerCase[] = [
  {
    name: 'SimplifiedLayerNormalization',
    opType: 'SimplifiedLayerNormalization',
    attributes: { axis: -1, epsilon: 1e-3 },
    outputs: ['y', 'factor'],
    inputs: [x, channels],
  },
  {
    name: 'SkipLayerNormalization',
    domain,
    opType: 'SkipLayerNormalization',
    attributes: { epsilon: 1e-3 },
    outputs: ['y', '', '', 'sum'],
    inputs: [x, x, channels, channels, channels],
  },
  {
    name: 'SkipSimplifiedLayerNormalization',
    domain,
    opType: 'SkipSimplifiedLayerNormalization',
    attributes: { epsilon: 1e-3 },
    outputs: ['y', '', '', 'sum'],
    inputs: [x, x, channels],
  },
  {
    name: 'EmbedLayerNormalization',
    domain,
    opType: 'EmbedLayerNormalization',
    attributes: { epsilon: 1e-3 },
    outputs: ['y', 'mask_index'],
    inputs: [
      ids(19),
      ids(1),
      { dims: [20, 12], constant: true },
      { dims: [8, 12], constant: true },
      { dims: [2, 12], constant: true },
      { ...channels, constant: true },
      { ...channels, constant: true },
      ids(1),
    ],
  },
];

describePeerCases('Fused operators agree with onnxruntime', [...activations, ...products, ...normalizations]);
