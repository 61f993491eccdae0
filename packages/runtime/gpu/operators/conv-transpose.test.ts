import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase } from './compute-case.js';

const constant = (...dims: number[]) => ({ dims, constant: true });
const fed = (...dims: number[]) => ({ dims });
const nhwc = (...dims: number[]) => ({ dims, order: channelsLast });

const geometries: readonly (readonly [string, NonNullable<ComputeCase['attributes']>, readonly number[]])[] = [
  ['stride 1', {}, [3, 2]],
  ['stride 2 with pads', { strides: [2, 2], pads: [1, 0, 2, 1] }, [4, 3]],
  ['strides as large as the kernel', { strides: [2, 3] }, [2, 3]],
  ['strides larger than the kernel', { strides: [3, 2] }, [2, 2]],
  ['output_padding', { strides: [3, 2], output_padding: [2, 1], pads: [1, 1, 1, 1] }, [3, 3]],
  ['output_shape', { strides: [2, 2], output_shape: [13, 16] }, [3, 4]],
  ['SAME_UPPER', { strides: [2, 3], auto_pad: 'SAME_UPPER' }, [3, 4]],
  ['SAME_LOWER', { strides: [2, 3], auto_pad: 'SAME_LOWER' }, [3, 4]],
  ['dilations', { dilations: [2, 3] }, [3, 2]],
  ['dilations and strides', { dilations: [2, 3], strides: [2, 2], pads: [1, 2, 1, 0] }, [3, 2]],
  ['pads that cut most of the reach', { strides: [2, 2], pads: [3, 3, 3, 3] }, [4, 4]],
];

const cases: readonly ComputeCase[] = [
  ...geometries.flatMap(([name, attributes, kernel]): ComputeCase[] => [
    {
      name,
      opType: 'ConvTranspose',
      attributes,
      inputs: [fed(2, 5, 6, 7), constant(5, 7, ...kernel), constant(7)],
    },
    {
      name: `${name}, grouped, channels-last`,
      opType: 'ConvTranspose',
      attributes: { ...attributes, group: 2 },
      inputs: [nhwc(1, 8, 6, 7), constant(8, 3, ...kernel)],
    },
  ]),
  {
    name: 'weights and bias computed at run time',
    opType: 'ConvTranspose',
    attributes: { strides: [2, 2] },
    inputs: [fed(1, 5, 4, 6), fed(5, 6, 3, 3), fed(6)],
  },
  {
    name: '1-D',
    opType: 'ConvTranspose',
    attributes: { strides: [2], pads: [1, 0] },
    inputs: [fed(2, 5, 9), constant(5, 4, 4), constant(4)],
  },
  {
    name: '3-D, grouped',
    opType: 'ConvTranspose',
    attributes: { strides: [1, 2, 2], group: 2 },
    inputs: [fed(1, 4, 3, 4, 5), constant(4, 3, 2, 3, 2), constant(6)],
  },
];

describe('ConvTranspose on the device agrees with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
