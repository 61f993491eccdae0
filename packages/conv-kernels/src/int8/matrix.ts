import { originCode } from '../algorithms/matrix/fetch.js';
import { linearOutput, placeRowCode } from '../algorithms/matrix/epilogue.js';
import { implicitParams } from '../implicit.js';
import type { Dispatch, Plan } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { locateCode } from '../wgsl/fragments.js';
import { shader, type Param } from '../wgsl/shader.js';
import type { Int8Algorithm } from './algorithm.js';
import { packInput } from './dot-packing.js';
import { needsInputSums } from './dot.js';
import type { Int8Shape } from './implicit.js';
import { int8MatrixBody } from './matrix-body.js';
import { int8MatrixChoices, int8MatrixGrid, type Int8MatrixChoice } from './matrix-choice.js';
import {
  int8InputBinding,
  packBytesCode,
  packedInputBytes,
  packedWords,
  readInput,
  type Int8Reading,
} from './matrix-input.js';
import {
  int8MatrixPacking,
  int8MatrixThreads,
  int8Stage,
  int8TileName,
  matrixWeights,
  type Int8MatrixShape,
} from './matrix-shape.js';
import { int8Params, storeInt8Fragment, zeroFragment } from './store.js';

/**
 * Products of signed bytes on matrix units with exact i32 sums, where the device lists i8 matrices. With x shifted into the
 * signed range and a its zero point there, the sum of (x - a) * w is the sum of x * w less a * sum(w); padding is a.
 */
export const int8Matrix: Int8Algorithm = {
  name: 'int8-matrix',
  supports(shape, device) {
    const { gemm, arithmetic } = shape;
    if (gemm.volume) return 'the convolution has three spatial dimensions';
    const choices = int8MatrixChoices(shape, device);
    if (typeof choices === 'string') return choices;
    if (!arithmetic.constantWeights) return 'the weights are not constant';
    return needsInputSums(shape) ? 'the weights have zero points, or are unsigned' : true;
  },
  cost: (shape, device) => cheapest(shape, device).seconds,
  plan(shape, device) {
    const { matrices, reading } = cheapest(shape, device);
    return planInt8Matrix(shape, matrices, reading, device);
  },
  variants: (shape, device) =>
    choicesOf(shape, device).map(({ matrices, reading, seconds }) => ({
      name: variantName(matrices, reading),
      seconds,
      plan: () => planInt8Matrix(shape, matrices, reading, device),
    })),
};

function choicesOf(shape: Int8Shape, device: DeviceProfile): readonly Int8MatrixChoice[] {
  const choices = int8MatrixChoices(shape, device);
  if (typeof choices === 'string') throw new Error(choices);
  return choices;
}

function variantName({ tile }: Int8MatrixShape, reading: Int8Reading): string {
  return `${int8TileName(tile)}${reading === 'packed' ? ' packed' : ''}`;
}

function cheapest(shape: Int8Shape, device: DeviceProfile): Int8MatrixChoice {
  return choicesOf(shape, device).reduce((best, choice) => (choice.seconds < best.seconds ? choice : best));
}

/** The plan by matrices, a tile and a way to read the input. */
export function planInt8Matrix(
  shape: Int8Shape,
  matrices: Int8MatrixShape,
  reading: Int8Reading,
  device: DeviceProfile,
): Plan {
  const product = productDispatch(shape, matrices, reading);
  const isPacked = reading === 'packed';
  return {
    algorithm: 'int8-matrix',
    variant: variantName(matrices, reading),
    dispatches: isPacked ? [packInput(shape, packedWords(shape), device), product] : [product],
    scratchByteLength: isPacked ? packedInputBytes(shape) : 0,
    packing: int8MatrixPacking(shape, matrices.tile),
    flops: shape.flops,
    bytes: shape.bytes,
  };
}

function productDispatch(shape: Int8Shape, matrices: Int8MatrixShape, reading: Int8Reading): Dispatch {
  const { tile: t, units } = matrices;
  const input = readInput(shape, reading);
  const placed = linearOutput(shape.gemm);
  const gemm = { ...(placed ?? shape.gemm), input: input.layout };
  const packed = matrixWeights(gemm, t);
  const zeros = zeroFragment(shape);
  const store = storeInt8Fragment({ ...shape, gemm });
  const u32 = (name: string, value: number): Param => ({ name, type: 'u32', value });
  const params: Param[] = [
    ...implicitParams(gemm),
    ...int8Params(shape),
    u32('read_channels', input.channels),
    u32('slices', packed.slices),
    u32('w_columns', packed.columns),
    u32('sums_at', packed.sumsAt),
  ];
  const kernel = shader({
    label: `int8-matrix ${int8TileName(t)}`,
    enables: [
      'subgroups',
      ...(units.pinsLanes ? (['subgroup_size_control'] as const) : []),
      'chromium_experimental_subgroup_matrix',
    ],
    bindings: [
      int8InputBinding(reading),
      { name: 'weight_words', access: 'read', type: 'array<vec4<u32>>' },
      ...zeros.bindings,
      ...store.bindings,
    ],
    params,
    workgroupSize: [int8MatrixThreads(matrices), 1, 1],
    subgroups: units.pinsLanes ? { size: units.lanes } : {},
    declarations: [
      locateCode,
      originCode(gemm),
      placeRowCode(placed !== undefined),
      reading === 'words' ? packBytesCode : '',
      `var<workgroup> stage: array<vec4u, ${int8Stage(matrices).total}>;`,
      zeros.declarations,
      store.declarations,
    ].join('\n'),
    body: int8MatrixBody(shape, matrices, reading),
  });
  return {
    kernel,
    workgroups: int8MatrixGrid(shape, t),
    params,
    operands: [reading === 'packed' ? 'scratch' : 'input', 'weights', ...zeros.operands, ...store.operands],
  };
}
