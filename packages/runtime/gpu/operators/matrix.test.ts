import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { checkCase, type ComputeCase } from './compute-case.js';

const constant = (...dims: number[]) => ({ dims, constant: true });
const fed = (...dims: number[]) => ({ dims });

const half = { type: 'float', value: 0.5 } as const;

const cases: readonly ComputeCase[] = [
  { name: 'MatMul of fed matrices', opType: 'MatMul', inputs: [fed(5, 7), fed(7, 9)] },
  { name: 'MatMul by a constant', opType: 'MatMul', inputs: [fed(3, 5, 7), constant(7, 9)] },
  {
    name: 'MatMul, rows folded over two batch dimensions',
    opType: 'MatMul',
    inputs: [fed(2, 3, 5, 7), constant(7, 6)],
  },
  {
    name: 'MatMul of a view whose rows do not fold, by a constant',
    opType: 'MatMul',
    inputs: [{ dims: [2, 3, 5, 7], order: [0, 3, 1, 2] }, constant(7, 6)],
  },
  { name: 'MatMul, broadcast batches', opType: 'MatMul', inputs: [fed(3, 1, 5, 7), fed(4, 7, 2)] },
  { name: 'MatMul, many batches that do not merge', opType: 'MatMul', inputs: [fed(12, 1, 2, 3), fed(12, 5, 3, 4)] },
  {
    name: 'MatMul of transposed views',
    opType: 'MatMul',
    inputs: [
      { dims: [2, 3, 5, 4], order: [0, 2, 1, 3] },
      { dims: [2, 3, 4, 6], order: [0, 1, 3, 2] },
    ],
  },
  { name: 'MatMul, batched constant', opType: 'MatMul', inputs: [fed(3, 5, 7), constant(3, 7, 4)] },
  { name: 'MatMul, vector by matrix', opType: 'MatMul', inputs: [fed(7), constant(7, 9)] },
  { name: 'MatMul, matrices by vector', opType: 'MatMul', inputs: [fed(2, 5, 7), fed(7)] },
  { name: 'MatMul, vector by vector', opType: 'MatMul', inputs: [fed(7), fed(7)] },
  {
    name: 'FusedMatMul, bias, residual and activation',
    opType: 'FusedMatMul',
    domain: 'tessera',
    attributes: { activation: 'gelu' },
    inputs: [fed(2, 5, 7), constant(7, 9), constant(9), fed(2, 5, 9)],
  },
  {
    name: 'FusedMatMul, a transposed residual',
    opType: 'FusedMatMul',
    domain: 'tessera',
    inputs: [fed(2, 5, 7), fed(2, 7, 9), null, { dims: [2, 5, 9], order: [0, 2, 1] }],
  },
  { name: 'Gemm, row C', opType: 'Gemm', inputs: [fed(5, 7), constant(7, 9), constant(9)] },
  {
    name: 'Gemm, transposes, alpha and beta',
    opType: 'Gemm',
    attributes: { transA: 1, transB: 1, alpha: half, beta: { type: 'float', value: 2 } },
    inputs: [fed(7, 5), constant(9, 7), constant(1, 9)],
  },
  {
    name: 'Gemm, everything fed',
    opType: 'Gemm',
    attributes: { transB: 1, alpha: half, beta: half },
    inputs: [fed(5, 7), fed(9, 7), fed(5, 9)],
  },
  { name: 'Gemm, column C', opType: 'Gemm', inputs: [fed(5, 7), constant(7, 9), fed(5, 1)] },
  { name: 'Gemm, scalar C', opType: 'Gemm', inputs: [fed(5, 7), constant(7, 9), fed()] },
  { name: 'Gemm, constant scalar C', opType: 'Gemm', inputs: [fed(5, 7), constant(7, 9), constant(1)] },
  { name: 'Gemm without C', opType: 'Gemm', inputs: [fed(5, 7), constant(7, 9)] },
];

describe('MatMul, FusedMatMul and Gemm on the device agree with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
