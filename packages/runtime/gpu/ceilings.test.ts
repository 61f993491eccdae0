import { expect, it } from 'vitest';
import { acquireDevice, measureCeilings } from '../src/index.js';

it('measures positive ceilings, f16 where the adapter has it, and leaves no buffer behind', async () => {
  const device = await acquireDevice();
  try {
    const ceilings = await measureCeilings(device);
    expect(ceilings.f16Flops !== undefined).toBe(device.profile.hasF16);
    for (const value of Object.values(ceilings)) expect(value).toBeGreaterThan(0);
    expect(ceilings.launchSeconds).toBeLessThan(0.1);
    expect(device.memory.buffers).toBe(0);
  } finally {
    device.dispose();
  }
});
