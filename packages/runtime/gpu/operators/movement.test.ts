import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase, type InputCase } from './compute-case.js';

const shape = [2, 3, 5, 7];
const x: InputCase = { dims: shape };
const last: InputCase = { dims: shape, order: channelsLast };
const ints = (...values: number[]): InputCase => ({ dims: [values.length], dataType: 'int64', values, constant: true });
const floats = (...values: number[]): InputCase => ({ dims: [values.length], values, constant: true });

/** The case on a row-major tensor and on a channels-last view. */
const both = (test: Omit<ComputeCase, 'inputs'>, ...rest: (InputCase | null)[]): ComputeCase[] => [
  { ...test, inputs: [x, ...rest] },
  { ...test, name: `${test.name}, channels-last`, inputs: [last, ...rest] },
];

const views: readonly ComputeCase[] = [
  ...both({ name: 'Reshape', opType: 'Reshape' }, ints(0, -1, 7)),
  ...both({ name: 'Reshape that merges rows and columns', opType: 'Reshape' }, ints(2, 3, 35)),
  ...both({ name: 'Reshape that splits', opType: 'Reshape' }, ints(2, 1, 3, 1, 5, 7)),
  ...both({ name: 'Flatten', opType: 'Flatten', attributes: { axis: 2 } }),
  ...both({ name: 'Transpose', opType: 'Transpose', attributes: { perm: [2, 0, 3, 1] } }),
  ...both({ name: 'Transpose without perm', opType: 'Transpose' }),
  ...both({ name: 'Unsqueeze', opType: 'Unsqueeze' }, ints(0, -1)),
  ...both({ name: 'Slice', opType: 'Slice' }, ints(1, -4), ints(99, 6), ints(1, 3)),
  ...both({ name: 'Slice with steps', opType: 'Slice' }, ints(4, 0), ints(-99, 6), ints(2, 3), ints(-2, 3)),
  { name: 'Slice 1', opType: 'Slice', opset: 9, attributes: { starts: [1], ends: [3], axes: [-1] }, inputs: [x] },
  ...both({ name: 'Split', opType: 'Split', outputs: 2, attributes: { axis: 3 } }, ints(2, 5)),
  { name: 'Split, uneven', opType: 'Split', outputs: 3, attributes: { axis: 3, num_outputs: 3 }, inputs: [x] },
  { name: 'Squeeze', opType: 'Squeeze', inputs: [{ dims: [1, 3, 1, 5] }, ints(0)] },
  ...both({ name: 'Expand', opType: 'Expand' }, ints(3, 1, 1, 1, 1)),
  { name: 'Expand of a column', opType: 'Expand', inputs: [{ dims: [3, 1] }, ints(2, 1, 6)] },
];

const copies: readonly ComputeCase[] = [
  ...both({ name: 'Tile', opType: 'Tile' }, ints(1, 2, 1, 3)),
  ...both({ name: 'Concat by channel', opType: 'Concat', attributes: { axis: 1 } }, { dims: [2, 4, 5, 7] }, last),
  ...both({ name: 'Concat by column', opType: 'Concat', attributes: { axis: -1 } }, { dims: [2, 3, 5, 2] }),
  {
    name: 'Concat of more inputs than a kernel binds',
    opType: 'Concat',
    attributes: { axis: 1 },
    inputs: Array.from({ length: 17 }, (_, i) => ({ dims: [2, 4 + 4 * (i % 3), 3, 5], order: channelsLast })),
  },
  {
    name: 'Concat of several odd inputs, one of them empty',
    opType: 'Concat',
    attributes: { axis: 2 },
    inputs: [3, 0, 1, 2].map((rows) => ({ dims: [2, 3, rows, 5] })),
  },
  { name: 'Concat of bool', opType: 'Concat', attributes: { axis: 0 }, inputs: [1, 0].map((v) => bools(v)) },
  {
    name: 'Concat of channels-last views that four divides',
    opType: 'Concat',
    attributes: { axis: 1 },
    inputs: [8, 12].map((channels) => ({ dims: [2, channels, 3, 5], order: channelsLast })),
  },
  ...['DCR', 'CRD'].flatMap((mode): ComputeCase[] =>
    [undefined, channelsLast].map((order) => ({
      name: `DepthToSpace ${mode}${order ? ', channels-last' : ''}`,
      opType: 'DepthToSpace',
      attributes: { blocksize: 2, mode },
      inputs: [{ dims: [2, 12, 3, 5], order }],
    })),
  ),
  {
    name: 'SpaceToDepth, channels-last',
    opType: 'SpaceToDepth',
    attributes: { blocksize: 3 },
    inputs: [{ dims: [2, 2, 6, 9], order: channelsLast }],
  },
  {
    name: 'a transpose larger than a tile',
    opType: 'Concat',
    attributes: { axis: 0 },
    inputs: [{ dims: [1, 70, 9, 13], order: channelsLast }, { dims: [2, 70, 9, 13] }],
  },
];

function bools(first: number): InputCase {
  return { dims: [3], dataType: 'bool', values: [first, 1, 0] };
}

const indices = (dims: readonly number[], ...values: number[]): InputCase => ({ dims, dataType: 'int64', values });

const gathers: readonly ComputeCase[] = [
  ...both({ name: 'Gather', opType: 'Gather', attributes: { axis: 1 } }, indices([2, 2], 2, 0, -1, 1)),
  ...both({ name: 'Gather of one', opType: 'Gather', attributes: { axis: 2 } }, { ...ints(-1), dims: [] }),
  ...both(
    { name: 'GatherElements', opType: 'GatherElements', attributes: { axis: 3 } },
    indices([1, 2, 2, 3], ...[0, 6, -1, 3, 2, 1, 5, 5, -7, 4, 0, 2]),
  ),
  ...both({ name: 'GatherND', opType: 'GatherND' }, indices([3, 2], 0, 2, 1, -1, -2, 0)),
  ...both(
    { name: 'GatherND with batch_dims', opType: 'GatherND', attributes: { batch_dims: 1 } },
    indices([2, 2, 2], 2, 4, 0, 0, 1, -1, -3, 2),
  ),
  {
    name: 'ScatterElements',
    opType: 'ScatterElements',
    attributes: { axis: 2 },
    inputs: [last, indices([1, 2, 2, 3], 0, 1, 2, 3, 4, -2, 4, -4, 0, 1, 0, 2), { dims: [1, 2, 2, 3] }],
  },
  {
    name: 'ScatterND',
    opType: 'ScatterND',
    inputs: [last, indices([3, 2], 0, 2, 1, -1, -2, 0), { dims: [3, 5, 7] }],
  },
  { name: 'OneHot', opType: 'OneHot', inputs: [indices([5], 0, 2, -1, 9, 1), ints(3), floats(-1, 4)] },
  {
    name: 'OneHot between other dimensions',
    opType: 'OneHot',
    attributes: { axis: 1 },
    inputs: [indices([2, 3], 0, 3, -1, -5, 1, 2), ints(4), floats(0.5, -2)],
  },
  { name: 'CumSum', opType: 'CumSum', inputs: [last, { ...ints(2), dims: [] }] },
  {
    name: 'CumSum, exclusive and reverse',
    opType: 'CumSum',
    attributes: { exclusive: 1, reverse: 1 },
    inputs: [x, { ...ints(-1), dims: [] }],
  },
  { name: 'Trilu', opType: 'Trilu', inputs: [x, { ...ints(1), dims: [] }] },
  { name: 'Trilu, lower', opType: 'Trilu', attributes: { upper: 0 }, inputs: [last] },
];

const pads: readonly ComputeCase[] = ['constant', 'reflect', 'edge', 'wrap'].flatMap((mode) =>
  both({ name: `Pad ${mode}`, opType: 'Pad', attributes: { mode } }, ints(0, 1, 2, -1, 1, 0, 3, 4), {
    dims: [],
    values: [0.75],
  }),
);

const resize = (name: string, attributes: ComputeCase['attributes'], ...rest: (InputCase | null)[]): ComputeCase[] =>
  both({ name: `Resize ${name}`, opType: 'Resize', attributes }, null, ...rest);

const resizes: readonly ComputeCase[] = [
  ...['half_pixel', 'asymmetric', 'align_corners', 'pytorch_half_pixel', 'half_pixel_symmetric'].flatMap((mode) => [
    ...resize(`nearest ${mode}`, { coordinate_transformation_mode: mode }, null, ints(2, 3, 8, 4)),
    ...resize(`linear ${mode}`, { mode: 'linear', coordinate_transformation_mode: mode }, floats(1, 1, 1.7, 2)),
  ]),
  ...resize('cubic', { mode: 'cubic' }, floats(1, 1, 2.5, 0.6)),
  ...resize('cubic without the outside', { mode: 'cubic', exclude_outside: 1 }, floats(1, 1, 2.5, 1.5)),
  ...resize('linear with antialias', { mode: 'linear', antialias: 1 }, floats(1, 1, 0.5, 0.4)),
  ...resize('along all axes', { mode: 'linear' }, floats(2, 1.5, 2, 1.3)),
  ...resize('of some axes', { mode: 'nearest', axes: [3, 2] }, floats(3, 2)),
  {
    name: 'Resize by tf_crop_and_resize',
    opType: 'Resize',
    attributes: { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize', extrapolation_value: 10.5 },
    inputs: [x, floats(0, 0, 0.2, -0.3, 1, 1, 1.4, 0.8), null, ints(2, 3, 4, 6)],
  },
  {
    name: 'Resize of channels that four divides',
    opType: 'Resize',
    attributes: { mode: 'linear' },
    inputs: [{ dims: [2, 8, 5, 3], order: channelsLast }, null, floats(1, 1, 2, 2)],
  },
  { name: 'Resize 10', opType: 'Resize', opset: 10, inputs: [x, floats(1, 1, 2, 3)] },
  { name: 'Upsample 9', opType: 'Upsample', opset: 9, attributes: { mode: 'linear' }, inputs: [x, floats(1, 1, 2, 3)] },
];

describe('Operators that move elements agree on the device with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each([...views, ...copies, ...gathers, ...pads, ...resizes])('$name', (test) => checkCase(device, test));

  it.each([...copies, ...pads])('$name, fp16', async (test) => {
    const check = checkCase(device, { ...test, tolerance: 1e-3 }, 'fp16');
    if (device.profile.hasF16) await check;
    else await expect(check).rejects.toMatchObject({ code: 'UNSUPPORTED_DEVICE' });
  });
});
