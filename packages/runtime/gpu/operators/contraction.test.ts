import { afterAll, beforeAll, describe, it } from 'vitest';
import { acquireDevice, type Device } from '../../src/index.js';
import { channelsLast, checkCase, type ComputeCase, type InputCase } from './compute-case.js';

const einsum = (equation: string, ...inputs: InputCase[]): ComputeCase => ({
  name: `Einsum ${equation}`,
  opType: 'Einsum',
  attributes: { equation },
  inputs,
});

const cases: readonly ComputeCase[] = [
  einsum('bhqd,bhkd->bhqk', { dims: [2, 3, 5, 7] }, { dims: [2, 3, 6, 7], order: channelsLast }),
  einsum('nchw,dhcw->wdn', { dims: [2, 3, 5, 7] }, { dims: [4, 5, 3, 7] }),
  einsum('...ij,...jk', { dims: [3, 5, 7] }, { dims: [2, 1, 7, 4] }),
  einsum('ii->i', { dims: [5, 5] }),
  einsum('ijk->k', { dims: [3, 5, 7] }),
  einsum('ij,kl->jl', { dims: [3, 5] }, { dims: [2, 7] }),
  einsum('i,ij,j->', { dims: [3] }, { dims: [3, 5] }, { dims: [5] }),
  einsum('i,j->ij', { dims: [3] }, { dims: [5] }),
  einsum(',ij->ji', { dims: [] }, { dims: [3, 5] }),
];

describe('Contractions agree on the device with plain loops', () => {
  let device: Device;
  beforeAll(async () => {
    device = await acquireDevice();
  });
  afterAll(() => device.dispose());
  it.each(cases)('$name', (test) => checkCase(device, test));
});
