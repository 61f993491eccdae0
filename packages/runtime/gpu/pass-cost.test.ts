import { afterAll, expect, it } from 'vitest';
import { acquireDevice } from '../src/device/acquire.js';
import { passCost } from '../src/device/pass-cost.js';

const device = await acquireDevice();
afterAll(() => device.dispose());

it('what a pass of its own costs is a time, measured once, and leaves nothing behind', async () => {
  const before = device.memory;
  const { passMs, launchMs } = await passCost(device);
  expect(passMs).toBeGreaterThanOrEqual(0);
  expect(passMs).toBeLessThan(Infinity);
  expect(launchMs).toBeGreaterThanOrEqual(0);
  expect(launchMs).toBeLessThan(Infinity);
  expect(await passCost(device)).toBe(await passCost(device));
  expect({ ...device.memory, peakBytes: 0 }).toEqual({ ...before, peakBytes: 0 });
});
