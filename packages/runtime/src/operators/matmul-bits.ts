import { matmulBitsEmission } from '../kernels/matmul-bits.js';
import { denseStrides } from '../program/layout.js';
import type { Tensor } from '../tensor.js';
import { product } from './host-index.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type {
  EvaluateContext,
  InferContext,
  InferResult,
  LowerContext,
  NodeContext,
  Operand,
  Operator,
} from './types.js';

interface Packing {
  readonly k: number;
  readonly n: number;
  readonly bits: number;
  readonly blockSize: number;
  /** Blocks of one column, the last of which may be short. */
  readonly blocks: number;
}

function readPacking(context: NodeContext): Packing {
  const { attributes } = context;
  const [k, n, bits, blockSize] = [
    attributes.int('K'),
    attributes.int('N'),
    attributes.int('bits', 4),
    attributes.int('block_size'),
  ];
  if (bits !== 2 && bits !== 4 && bits !== 8) context.fail(`bits is ${bits}; 2, 4 and 8 are supported`);
  if (blockSize < 16 || (blockSize & (blockSize - 1)) !== 0) {
    context.fail(`block_size is ${blockSize}; it must be a power of 2 from 16 on`);
  }
  if (context.hasInput(4)) context.fail('g_idx, an order of the rows of B, is not supported');
  return { k, n, bits, blockSize, blocks: Math.ceil(k / blockSize) };
}

/** Numbers of `bits` bits, the first in the lowest bits of each byte. */
function unpacked(bytes: ArrayLike<number>, bits: number, index: number): number {
  const perByte = 8 / bits;
  return (bytes[Math.floor(index / perByte)] >> (bits * (index % perByte))) & (2 ** bits - 1);
}

/** One zero for each block of each column: packed like the weights, each column beginning a byte; or as numbers. */
function zerosOf({ n, bits, blocks }: Packing, zeros: ArrayLike<number> | undefined, isPacked: boolean): Float32Array {
  const columnBytes = Math.ceil((blocks * bits) / 8);
  return Float32Array.from({ length: n * blocks }, (_, i) => {
    if (!zeros) return 2 ** (bits - 1);
    if (!isPacked) return zeros[i];
    const [column, block] = [Math.floor(i / blocks), i % blocks];
    return unpacked(zeros, bits, (column * columnBytes * 8) / bits + block);
  });
}

function infer(context: InferContext): readonly InferResult[] {
  const { k, n } = readPacking(context);
  const { dataType, shape } = context.type(0);
  const width = shape?.at(-1);
  if (typeof width === 'number' && width !== k) context.fail(`A has ${width} columns; K is ${k}`);
  return [{ dataType, shape: shape && [...shape.slice(0, -1), n] }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const packing = readPacking(context);
  const { k, n, bits, blockSize, blocks } = packing;
  const a = context.input(0);
  const [values, bytes, scales] = [0, 1, 2].map((index) => toNumbers(context.input(index)));
  const zeroTensor = context.optional(3);
  const zeros = zerosOf(packing, zeroTensor && toNumbers(zeroTensor), zeroTensor?.dataType === 'uint8');
  const bias = context.hasInput(5) ? toNumbers(context.input(5)) : undefined;
  const dims = [...a.dims.slice(0, -1), n];
  const y = new Float64Array(product(dims)).map((_, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    let sum = bias?.[column] ?? 0;
    for (let e = 0; e < k; e++) {
      const block = column * blocks + Math.floor(e / blockSize);
      const level = unpacked(bytes, bits, column * blocks * blockSize + e);
      sum += values[row * k + e] * (level - zeros[block]) * scales[block];
    }
    return sum;
  });
  return [fromNumbers(a.dataType, dims, y)];
}

function lower(context: LowerContext): void {
  const packing = readPacking(context);
  const { k, n, bits, blockSize, blocks } = packing;
  if (!context.isConstant(1) || !context.isConstant(2) || (context.hasInput(3) && !context.isConstant(3))) {
    context.fail('B, its scales and its zero points must be constant');
  }
  const a = context.withLayout(context.input(0), 'row-major');
  const y = context.allocate(context.outputType(0));
  const rows = product(a.shape.slice(0, -1));
  const matrix = (operand: Operand, columns: number): Operand => ({
    ...operand,
    shape: [rows, columns],
    strides: [columns, 1],
  });
  const byteLength = (n * blocks * blockSize * bits) / 8;
  const weights = context.weight({
    input: 1,
    elementType: 'u32',
    dims: [byteLength / 4],
    byteLength,
    key: 'bytes',
    pack: (values) => Uint8Array.from(values),
  });
  const perBlock = (input: number, key: string, pack: (values: Float32Array) => Float32Array<ArrayBuffer>): Operand => {
    const dims = [n, blocks];
    const request = { input, elementType: 'f32' as const, dims, byteLength: 4 * n * blocks, key, pack };
    return { ...context.weight(request), shape: dims, strides: denseStrides(dims, 'row-major') };
  };
  const isPacked = context.hasInput(3) && context.type(3).dataType === 'uint8';
  const zeros = context.hasInput(3)
    ? perBlock(3, 'zeros', (values) => new Float32Array(zerosOf(packing, values, isPacked)))
    : perBlock(2, 'middle', () => new Float32Array(zerosOf(packing, undefined, false)));
  const problem = {
    a: matrix(a, k),
    weights,
    scales: perBlock(2, 'scales', (values) => new Float32Array(values)),
    zeros,
    bias: context.hasInput(5) ? context.input(5) : undefined,
    y: matrix(y, n),
    bits,
    blockSize,
  };
  context.emit(matmulBitsEmission(problem, context.profile));
  context.output(0, y);
}

/** MatMulNBits, whose constant weights stay packed on the device. */
export const matmulBitsOperators: readonly Operator[] = [
  { type: 'MatMulNBits', domain: 'com.microsoft', since: 1, infer, evaluate, lower },
];
