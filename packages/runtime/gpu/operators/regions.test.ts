import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase, type InputCase } from './compute-case.js';

const x: InputCase = { dims: [2, 4, 7, 9] };
const last: InputCase = { ...x, order: channelsLast };
const ints = (dims: readonly number[], ...values: number[]): InputCase => ({ dims, dataType: 'int64', values });
const rois: InputCase = { dims: [3, 4], values: [0.5, 1, 6.5, 5, -1, -2, 3, 4, 2, 2, 2.25, 2.25] };
const batches = ints([3], 1, 0, 1);

const regions: readonly ComputeCase[] = [
  {
    name: 'RoiAlign',
    opType: 'RoiAlign',
    attributes: { output_height: 3, output_width: 2, sampling_ratio: 2 },
    inputs: [last, rois, batches],
  },
  {
    name: 'RoiAlign, as many samples as elements, of unshifted corners',
    opType: 'RoiAlign',
    attributes: { output_height: 2, output_width: 3, coordinate_transformation_mode: 'output_half_pixel' },
    inputs: [x, rois, batches],
  },
  {
    name: 'RoiAlign, largest',
    opType: 'RoiAlign',
    attributes: { output_height: 2, output_width: 2, mode: 'max', sampling_ratio: 3, spatial_scale: 0.5 },
    inputs: [x, rois, batches],
  },
  {
    name: 'MaxRoiPool',
    opType: 'MaxRoiPool',
    attributes: { pooled_shape: [3, 2], spatial_scale: 0.5 },
    inputs: [last, { dims: [3, 5], values: [0, 1, 2, 13, 9, 1, 0, 0, 17, 13, 0, 20, 20, 30, 30] }],
  },
];

const deformed: readonly ComputeCase[] = [
  {
    name: 'DeformConv',
    opType: 'DeformConv',
    attributes: { pads: [1, 0, 1, 2], strides: [2, 1], dilations: [1, 2] },
    inputs: [last, { dims: [6, 4, 3, 2] }, { dims: [2, 12, 4, 9] }],
  },
  {
    name: 'DeformConv with groups, a bias and a mask',
    opType: 'DeformConv',
    attributes: { group: 2, offset_group: 2 },
    inputs: [x, { dims: [6, 2, 2, 3] }, { dims: [2, 24, 6, 7] }, { dims: [6] }, { dims: [2, 12, 6, 7] }],
  },
];

const determinants: readonly ComputeCase[] = [
  { name: 'Det', opType: 'Det', inputs: [{ dims: [5, 5] }] },
  { name: 'Det of many', opType: 'Det', inputs: [{ dims: [3, 2, 4, 4], order: [0, 1, 3, 2] }] },
  { name: 'Det of a singular matrix', opType: 'Det', inputs: [{ dims: [3, 3], values: [1, 2, 3, 2, 4, 6, 0, 1, 1] }] },
];

const combined = ['add', 'mul', 'min', 'max'].flatMap((reduction): readonly ComputeCase[] => [
  {
    name: `ScatterElements, ${reduction}`,
    opType: 'ScatterElements',
    attributes: { axis: 1, reduction },
    inputs: [{ dims: [3, 5] }, ints([3, 4], 0, 4, 0, 0, -1, 2, 2, 4, 1, 1, 1, 1), { dims: [3, 4] }],
  },
  {
    name: `ScatterND, ${reduction}, of integers`,
    opType: 'ScatterND',
    attributes: { reduction },
    inputs: [
      { dims: [4, 3], dataType: 'int32', values: [1, -2, 3, 4, 5, 6, -7, 8, 9, 1, 1, 2] },
      ints([3, 1], 2, -2, 0),
      { dims: [3, 3], dataType: 'int32', values: [2, 3, -4, 5, 1, 2, 7, -8, 9] },
    ],
  },
]);

const halves: readonly ComputeCase[] = [
  {
    name: 'ScatterElements, add, of halves',
    opType: 'ScatterElements',
    attributes: { reduction: 'add' },
    tolerance: 2e-3,
    inputs: [{ dims: [5], dataType: 'float16' }, ints([7], 0, 1, 1, 4, 4, 4, 0), { dims: [7], dataType: 'float16' }],
  },
];

const states = (width: number, steps = 5): InputCase => ({ dims: [2, steps, width] });
const attention = { q_num_heads: 4, kv_num_heads: 2 };
const past: InputCase = { dims: [2, 2, 3, 5] };

const linear: readonly ComputeCase[] = [
  {
    name: 'LinearAttention',
    opType: 'LinearAttention',
    opset: 27,
    attributes: { ...attention, update_rule: 'linear' },
    outputs: 2,
    inputs: [states(12), states(6), states(10)],
  },
  {
    name: 'LinearAttention, gated by head, behind a past',
    opType: 'LinearAttention',
    opset: 27,
    attributes: { ...attention, update_rule: 'gated', scale: 0.5 },
    outputs: 2,
    inputs: [states(12), states(6), states(10), past, states(2)],
  },
  {
    name: 'LinearAttention, gated and corrected',
    opType: 'LinearAttention',
    opset: 27,
    attributes: attention,
    outputs: 2,
    inputs: [states(12), states(6), states(10), past, states(6), states(1)],
  },
];

describe('Regions, deformed convolutions, scattered sums and linear attention agree with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each([...regions, ...deformed, ...determinants, ...combined, ...halves, ...linear])('$name', (test) =>
    checkCase(device, test),
  );
});
