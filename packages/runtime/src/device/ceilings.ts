import {
  ceilingProbes,
  ceilingsFromRates,
  type CeilingProbe,
  type Ceilings,
  type ProbeName,
} from '@tessera/conv-kernels';
import type { GpuDevice } from './device.js';
import { BufferPool, timePass } from './timer.js';
import { bufferUsage } from './usage.js';

/** A pass at least this long is timed well. */
const leastSeconds = 5e-3;
/** Work on a GPU before the first pass that counts, since idle ones run at a fraction of their clock. */
const warmUpSeconds = 0.3;
const rounds = 4;
const largestScale = 2 ** 20;

type Run = (scale: number) => Promise<{ readonly seconds: number; readonly work: number }>;

/** Runs the probes of conv-kernels; the best of a few passes each, so that other work on the machine counts least. */
export async function probeCeilings(device: GpuDevice): Promise<Ceilings> {
  const rates: Partial<Record<ProbeName, number>> = {};
  for (const [i, probe] of ceilingProbes(device.profile).entries()) {
    const pool = new BufferPool(device);
    try {
      const run = probeRun(pool, probe);
      const scale = await settledScale(run);
      if (i === 0 && !device.profile.isSoftware) await warmUp(run, scale);
      rates[probe.name] = await bestRate(run, i === 0 ? await settledScale(run) : scale);
    } finally {
      pool.destroy();
    }
  }
  return ceilingsFromRates(rates);
}

function probeRun(pool: BufferPool, probe: CeilingProbe): Run {
  const buffers = probe.bufferBytes.map((bytes) => pool.create(bytes, bufferUsage.activation, `ceiling ${probe.name}`));
  return async (scale) => {
    const { repeats, params, work } = probe.at(scale);
    const dispatch = await pool.bind(probe.kernel, params, buffers, probe.workgroups);
    return { seconds: await timePass(pool.device, [dispatch], repeats), work };
  };
}

async function bestRate(run: Run, scale: number): Promise<number> {
  let best = 0;
  for (let round = 0; round < rounds; round++) {
    const { seconds, work } = await run(scale);
    if (seconds > 0) best = Math.max(best, work / seconds);
  }
  return best;
}

/** The scale, by factors of two, at which a pass takes long enough. */
async function settledScale(run: Run): Promise<number> {
  for (let scale = 1; ; scale *= 2) {
    const { seconds } = await run(scale);
    if (seconds >= leastSeconds || scale >= largestScale) return scale;
  }
}

async function warmUp(run: Run, scale: number): Promise<void> {
  const passes = Math.ceil(warmUpSeconds / leastSeconds);
  for (let i = 0; i < passes; i++) await run(scale);
}
