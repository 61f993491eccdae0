import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase, type InputCase } from './compute-case.js';

const image: InputCase = { dims: [2, 3, 5, 7], order: channelsLast };

/** Positions up to half an image beyond the edges, away from ties between neighbours. */
function positions(dims: readonly number[]): InputCase {
  const count = dims.reduce((product, size) => product * size, 1);
  return { dims, values: Array.from({ length: count }, (_, i) => 1.5 * Math.sin(1.7 * i + 0.3)) };
}

const samples: readonly ComputeCase[] = ['nearest', 'linear', 'cubic'].flatMap((mode) =>
  ['zeros', 'border', 'reflection'].flatMap((padding) =>
    [0, 1].flatMap((align): ComputeCase[] => {
      const attributes = { mode, padding_mode: padding, align_corners: align };
      const name = `GridSample ${mode}, ${padding}, align_corners ${align}`;
      const inputs = [image, positions([2, 4, 6, 2])];
      const volume = [{ dims: [1, 2, 3, 4, 5] }, positions([1, 2, 3, 4, 3])];
      return [
        { name, opType: 'GridSample', attributes, inputs, tolerance: 1e-4 },
        { name: `${name}, 3-D`, opType: 'GridSample', attributes, inputs: volume, tolerance: 1e-4 },
      ];
    }),
  ),
);

describe('Sampling agrees on the device with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(samples)('$name', (test) => checkCase(device, test));
});
