import { describePeerCases, type PeerCase, type PeerInput } from './peer-case.js';

const domain = 'com.microsoft';
const bytes = (...dims: number[]): PeerInput => ({ dims, dataType: 'uint8', constant: true });
const scales = (length: number): PeerInput => ({ dims: [length], range: [0.01, 0.1], constant: true });

const cases: readonly PeerCase[] = [
  {
    name: 'MatMulNBits of 4 bits',
    domain,
    opType: 'MatMulNBits',
    attributes: { K: 64, N: 9, bits: 4, block_size: 32 },
    inputs: [{ dims: [2, 5, 64] }, bytes(9, 2, 16), scales(18)],
  },
  {
    name: 'MatMulNBits of 4 bits with zero points, the last block shorter',
    domain,
    opType: 'MatMulNBits',
    attributes: { K: 40, N: 7, bits: 4, block_size: 16 },
    inputs: [{ dims: [3, 40] }, bytes(7, 3, 8), scales(21), bytes(14)],
  },
  {
    name: 'MatMulNBits of 8 bits with a bias',
    domain,
    opType: 'MatMulNBits',
    attributes: { K: 32, N: 8, bits: 8, block_size: 16 },
    inputs: [{ dims: [3, 32] }, bytes(8, 2, 16), scales(16), null, null, { dims: [8], constant: true }],
  },
];

describePeerCases('Products with weights of a few bits agree with onnxruntime', cases);
