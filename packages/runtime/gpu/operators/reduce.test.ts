import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase } from './compute-case.js';

const axes = (...values: number[]) => ({
  dims: [values.length],
  dataType: 'int64' as const,
  values,
  constant: true,
});

const positive = Array.from({ length: 2 * 3 * 5 * 7 }, (_, i) => 0.5 + ((i * 37) % 101) / 101);
const ties = [3, 1, 3, 2, 2, 2, 0, 0, -1, -1, 5, 5];

const reductions = ['Sum', 'Mean', 'Max', 'Min', 'Prod', 'L1', 'L2', 'LogSum', 'LogSumExp', 'SumSquare'];

const cases: readonly ComputeCase[] = [
  ...reductions.flatMap((name): ComputeCase[] => [
    {
      name: `Reduce${name}, axes by input`,
      opType: `Reduce${name}`,
      inputs: [{ dims: [2, 3, 5, 7], values: positive }, axes(-1, 1)],
    },
    {
      name: `Reduce${name}, all axes, keepdims 0`,
      opType: `Reduce${name}`,
      opset: 11,
      attributes: { keepdims: 0 },
      inputs: [{ dims: [2, 3, 5, 7], values: positive }],
    },
  ]),
  {
    name: 'ReduceMean over planes of a channels-last view',
    opType: 'ReduceMean',
    inputs: [{ dims: [2, 19, 11, 7], order: channelsLast }, axes(2, 3)],
  },
  {
    name: 'ReduceMean over channels of a channels-last view, keepdims 0',
    opType: 'ReduceMean',
    attributes: { keepdims: 0 },
    inputs: [{ dims: [2, 19, 11, 7], order: channelsLast }, axes(1)],
  },
  {
    name: 'ReduceMean over rows of a channels-last view',
    opType: 'ReduceMean',
    inputs: [{ dims: [2, 5, 11, 7], order: channelsLast }, axes(2)],
  },
  { name: 'ReduceSum of one long row', opType: 'ReduceSum', inputs: [{ dims: [70001] }], tolerance: 1e-4 },
  { name: 'ReduceLogSumExp of long rows', opType: 'ReduceLogSumExp', inputs: [{ dims: [3, 20011] }, axes(1)] },
  {
    name: 'ReduceMax of int32',
    opType: 'ReduceMax',
    inputs: [{ dims: [3, 4], dataType: 'int32', values: ties }, axes(1)],
  },
  {
    name: 'ReduceSum of int64',
    opType: 'ReduceSum',
    inputs: [{ dims: [3, 4], dataType: 'int64', values: ties }, axes(0)],
  },
  {
    name: 'ReduceMax of more rows than one dimension of workgroups holds',
    opType: 'ReduceMax',
    inputs: [{ dims: [65535 * 64 + 65, 2] }, axes(1)],
  },
  {
    name: 'ReduceMax of infinities',
    opType: 'ReduceMax',
    inputs: [{ dims: [3, 2], values: [-Infinity, -Infinity, 1, Infinity, -Infinity, 2] }, axes(1)],
  },
  {
    name: 'ReduceMin of infinities',
    opType: 'ReduceMin',
    inputs: [{ dims: [3, 2], values: [Infinity, Infinity, 1, -Infinity, Infinity, 2] }, axes(1)],
  },
  {
    name: 'ReduceLogSum of zeros',
    opType: 'ReduceLogSum',
    inputs: [{ dims: [2, 3], values: [0, 0, 0, 1, 2, 3] }, axes(1)],
  },
  ...['Max', 'Min', 'LogSum', 'LogSumExp'].map((name) => ({
    name: `Reduce${name} of no elements`,
    opType: `Reduce${name}`,
    inputs: [{ dims: [2, 0, 4] }, axes(1)],
  })),
  { name: 'ReduceSum of no elements', opType: 'ReduceSum', inputs: [{ dims: [2, 0, 4] }, axes(1)] },
  {
    name: 'ReduceSum without axes that leaves its input alone',
    opType: 'ReduceSum',
    attributes: { noop_with_empty_axes: 1 },
    inputs: [{ dims: [3, 4] }],
  },
  ...['ArgMax', 'ArgMin'].flatMap((opType) =>
    [0, 1].map((last): ComputeCase => ({
      name: `${opType}, select_last_index ${last}`,
      opType,
      attributes: { axis: 1, select_last_index: last, keepdims: last },
      inputs: [{ dims: [3, 4], values: ties }],
    })),
  ),
  { name: 'ArgMax of long rows', opType: 'ArgMax', attributes: { axis: -1 }, inputs: [{ dims: [2, 30011] }] },
  {
    name: 'ArgMax over channels of a channels-last view',
    opType: 'ArgMax',
    attributes: { axis: 1 },
    inputs: [{ dims: [1, 21, 5, 9], order: channelsLast }],
  },
];

describe('Reductions on the device agree with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
