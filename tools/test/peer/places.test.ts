import { describePeerCases, type PeerCase, type PeerInput } from './peer-case.js';

const longs = (dims: readonly number[], ...values: number[]): PeerInput => ({ dims, dataType: 'int64', values });
const scalar = (value: number, dataType: 'int64' | 'float32' = 'int64'): PeerInput => ({
  dims: [],
  dataType,
  values: [value],
  constant: true,
});

const signals: readonly PeerCase[] = [
  {
    name: 'STFT',
    opType: 'STFT',
    tolerance: 1e-4,
    inputs: [{ dims: [2, 50, 1] }, scalar(7), { dims: [12] }, scalar(12)],
  },
  {
    name: 'STFT, two-sided',
    opType: 'STFT',
    tolerance: 1e-4,
    attributes: { onesided: 0 },
    inputs: [{ dims: [1, 31, 1] }, scalar(5), { dims: [9] }],
  },
  {
    name: 'MelWeightMatrix',
    opType: 'MelWeightMatrix',
    inputs: [scalar(11), scalar(64), scalar(8000), scalar(100, 'float32'), scalar(3900, 'float32')],
  },
];

const unpooled: readonly PeerCase[] = [
  {
    name: 'MaxUnpool',
    opType: 'MaxUnpool',
    attributes: { kernel_shape: [2, 3], strides: [2, 2], pads: [0, 1, 0, 0] },
    inputs: [{ dims: [1, 2, 2, 2] }, longs([1, 2, 2, 2], 0, 3, 8, 11, 20, 18, 25, 31)],
  },
];

describePeerCases('Signals and places agree with onnxruntime', [...signals, ...unpooled]);
