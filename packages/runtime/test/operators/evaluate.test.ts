import { describe, expect, it } from 'vitest';
import { float32, int64, understandNode, type NodeCase, type NodeInput } from './helpers.js';

const table = (dims: number[], ...values: number[]): NodeInput => ({ dims, values });
const typed = (dataType: NodeInput['dataType'], ...values: number[]): NodeInput => ({
  dims: [values.length],
  dataType,
  values,
});

type Row = readonly [name: string, test: NodeCase, shape: readonly number[], values: readonly number[]];

const matrix = table([2, 3], 1, 2, 3, 4, 5, 6);

const arithmetic: readonly Row[] = [
  ['Add broadcasts', { opType: 'Add', inputs: [table([2, 1], 1, 2), float32(10, 20)] }, [2, 2], [11, 21, 12, 22]],
  ['Div of integers truncates', { opType: 'Div', inputs: [int64(7, -7, 1), int64(2, 2, 0)] }, [3], [3, -3, 0]],
  ['Mod has the divisor\u2019s sign', { opType: 'Mod', inputs: [int64(7, -7, 7), int64(3, 3, -3)] }, [3], [1, 2, -2]],
  [
    'Mod with fmod has the dividend\u2019s sign',
    { opType: 'Mod', attributes: { fmod: 1 }, inputs: [float32(5.5, -5.5), float32(2, 2)] },
    [2],
    [1.5, -1.5],
  ],
  ['Add of uint8 wraps', { opType: 'Add', inputs: [typed('uint8', 250, 1), typed('uint8', 10, 1)] }, [2], [4, 2]],
  ['Round goes to even', { opType: 'Round', inputs: [float32(0.5, 1.5, 2.5, -2.5, -1.5)] }, [5], [0, 2, 2, -2, -2]],
  ['Mean', { opType: 'Mean', inputs: [float32(1, 2), float32(3, 4), float32(8, 0)] }, [2], [4, 2]],
  ['Max broadcasts', { opType: 'Max', inputs: [float32(1, 5), table([], 3), float32(0, 9)] }, [2], [3, 9]],
  ['Where', { opType: 'Where', inputs: [typed('bool', 1, 0), float32(1, 2), table([], 7)] }, [2], [1, 7]],
  ['Clip by inputs', { opType: 'Clip', inputs: [float32(-3, 0, 3), null, table([], 1)] }, [3], [-3, 0, 1]],
  ['Clip 6', { opType: 'Clip', opset: 6, attributes: { min: -1.5 }, inputs: [float32(-3, 4)] }, [2], [-1.5, 4]],
  ['PRelu', { opType: 'PRelu', inputs: [table([2, 2], -1, 1, -2, 2), float32(0.5, 9)] }, [2, 2], [-0.5, 1, -1, 2]],
  [
    'IsInf',
    { opType: 'IsInf', attributes: { detect_negative: 0 }, inputs: [float32(Infinity, -Infinity)] },
    [2],
    [1, 0],
  ],
  [
    'BitShift',
    { opType: 'BitShift', attributes: { direction: 'RIGHT' }, inputs: [typed('uint8', 9, 4), typed('uint8', 1, 2)] },
    [2],
    [4, 1],
  ],
  ['Cast truncates', { opType: 'Cast', attributes: { to: 7 }, inputs: [float32(1.9, -1.9)] }, [2], [1, -1]],
  ['Cast to bool', { opType: 'Cast', attributes: { to: 9 }, inputs: [float32(0, -0.1, NaN)] }, [3], [0, 1, 1]],
  ['Cast of integers wraps', { opType: 'Cast', attributes: { to: 3 }, inputs: [int64(200, -129)] }, [2], [-56, 127]],
];

const movement: readonly Row[] = [
  [
    'Shape, a part',
    { opType: 'Shape', attributes: { start: -2, end: 5 }, inputs: [table([1, 2, 3], 1, 2, 3, 4, 5, 6)] },
    [2],
    [2, 3],
  ],
  ['Size', { opType: 'Size', inputs: [matrix] }, [], [6]],
  ['Range', { opType: 'Range', inputs: [table([], 5), table([], -2), table([], -3)] }, [3], [5, 2, -1]],
  ['ConstantOfShape', { opType: 'ConstantOfShape', inputs: [int64(2, 2)] }, [2, 2], [0, 0, 0, 0]],
  ['Expand', { opType: 'Expand', inputs: [table([2, 1], 1, 2), int64(2)] }, [2, 2], [1, 1, 2, 2]],
  ['Tile', { opType: 'Tile', inputs: [table([1, 2], 1, 2), int64(2, 2)] }, [2, 4], [1, 2, 1, 2, 1, 2, 1, 2]],
  ['Reshape', { opType: 'Reshape', inputs: [matrix, int64(0, -1, 1)] }, [2, 3, 1], [1, 2, 3, 4, 5, 6]],
  ['Transpose', { opType: 'Transpose', inputs: [matrix] }, [3, 2], [1, 4, 2, 5, 3, 6]],
  [
    'Slice backwards',
    { opType: 'Slice', inputs: [matrix, int64(-1), int64(-99), int64(1), int64(-2)] },
    [2, 2],
    [3, 1, 6, 4],
  ],
  [
    'Slice beyond the end',
    { opType: 'Slice', inputs: [matrix, int64(1), int64(2 ** 31 - 1), int64(0)] },
    [1, 3],
    [4, 5, 6],
  ],
  ['Slice of nothing', { opType: 'Slice', inputs: [matrix, int64(2), int64(1), int64(1)] }, [2, 0], []],
  [
    'Concat',
    { opType: 'Concat', attributes: { axis: -1 }, inputs: [matrix, table([2, 1], 7, 8)] },
    [2, 4],
    [1, 2, 3, 7, 4, 5, 6, 8],
  ],
  ['Gather', { opType: 'Gather', attributes: { axis: 1 }, inputs: [matrix, int64(-1, 0)] }, [2, 2], [3, 1, 6, 4]],
  [
    'GatherElements',
    { opType: 'GatherElements', inputs: [matrix, { dims: [1, 2], dataType: 'int64', values: [1, -2] }] },
    [1, 2],
    [4, 2],
  ],
  [
    'GatherND',
    { opType: 'GatherND', inputs: [matrix, { dims: [2, 2], dataType: 'int64', values: [0, 2, 1, -3] }] },
    [2],
    [3, 4],
  ],
  [
    'Pad by a value',
    { opType: 'Pad', inputs: [matrix, int64(0, -1, 1, 1), table([], 9)] },
    [3, 3],
    [2, 3, 9, 5, 6, 9, 9, 9, 9],
  ],
  [
    'Pad by reflection',
    { opType: 'Pad', attributes: { mode: 'reflect' }, inputs: [float32(1, 2, 3), int64(2, 1)] },
    [6],
    [3, 2, 1, 2, 3, 2],
  ],
  [
    'Pad of some axes',
    { opType: 'Pad', attributes: { mode: 'edge' }, inputs: [matrix, int64(1, 0), null, int64(1)] },
    [2, 4],
    [1, 1, 2, 3, 4, 4, 5, 6],
  ],
  [
    'DepthToSpace',
    { opType: 'DepthToSpace', attributes: { blocksize: 2 }, inputs: [table([1, 4, 1, 1], 1, 2, 3, 4)] },
    [1, 1, 2, 2],
    [1, 2, 3, 4],
  ],
  ['Resize to the nearest', { opType: 'Resize', inputs: [float32(1, 2), null, float32(2)] }, [4], [1, 1, 2, 2]],
  [
    'Resize linearly',
    { opType: 'Resize', attributes: { mode: 'linear' }, inputs: [float32(1, 2), null, float32(2)] },
    [4],
    [1, 1.25, 1.75, 2],
  ],
  ['Upsample 9 rounds down', { opType: 'Upsample', opset: 9, inputs: [float32(1, 2), float32(2)] }, [4], [1, 1, 2, 2]],
  [
    'OneHot',
    { opType: 'OneHot', inputs: [int64(1, -1, 5), int64(3), float32(0, 1)] },
    [3, 3],
    [0, 1, 0, 0, 0, 1, 0, 0, 0],
  ],
  [
    'CumSum',
    { opType: 'CumSum', attributes: { reverse: 1 }, inputs: [float32(1, 2, 3), { ...int64(0), dims: [] }] },
    [3],
    [6, 5, 3],
  ],
  ['Trilu', { opType: 'Trilu', inputs: [table([2, 2], 1, 2, 3, 4)] }, [2, 2], [1, 2, 0, 4]],
  ['EyeLike', { opType: 'EyeLike', attributes: { k: 1 }, inputs: [matrix] }, [2, 3], [0, 1, 0, 0, 0, 1]],
  ['NonZero', { opType: 'NonZero', inputs: [table([2, 2], 0, 1, 1, 0)] }, [2, 2], [0, 1, 1, 0]],
];

describe('Evaluation', () => {
  it.each([...arithmetic, ...movement])('%s', (_, test, shape, values) => {
    const [result] = understandNode(test);
    expect(result.shape).toEqual(shape);
    expect(result.values).toEqual(values);
  });

  it('splits unevenly', () => {
    const parts = understandNode({
      opType: 'Split',
      attributes: { num_outputs: 2 },
      inputs: [float32(1, 2, 3)],
      outputs: 2,
    });
    expect(parts.map((part) => part.values)).toEqual([[1, 2], [3]]);
  });

  it('keeps 64-bit integers at their limits', () => {
    const [result] = understandNode({ opType: 'Min', inputs: [int64(Number.MAX_SAFE_INTEGER), int64(5)] });
    expect(result).toEqual({ dataType: 'int64', shape: [1], values: [5] });
  });
});
