import {
  ceilingProbes,
  type Dispatch,
  type OperandName,
  type PlanTimer,
  type TimingRequest,
} from '@tessera/conv-kernels';
import type { GpuDevice } from './device.js';
import { heater, type HeavyPass } from './heater.js';
import { BufferPool, timePass, type Clock, type TimedDispatch } from './timer.js';
import { timingValues } from './timing-operands.js';
import { bufferUsage } from './usage.js';

/** A pass at least this long is timed well. */
const leastSeconds = { software: 5e-3, gpu: 1e-3 } as const;
/** A pass of arithmetic at least this long shows the clock. */
const heavySeconds = 5e-3;
const largestScale = 2 ** 20;
const rounds = 7;
/** What is this many times slower than the fastest so far is not run again. */
const hopeless = 3;
const mostRepeats = 4096;
/** A pass this many times longer than needed is not repeated. */
const slow = 100;

/** Seconds of one pass. */
type TimePasses = (dispatches: readonly TimedDispatch[], repeats: number) => Promise<number>;

interface Contender {
  readonly dispatches: readonly TimedDispatch[];
  readonly repeats: number;
  best: number;
  readonly isSlow: boolean;
}

/**
 * Times plans by the device's clock (or another), on operands of its own: a few rounds in which the plans take turns, and the least of
 * each, since other work on the machine only adds. Throws TesseraError where a kernel does not compile or run.
 */
export function planTimer(device: GpuDevice, clock?: Clock): PlanTimer {
  const time: TimePasses = (dispatches, repeats) => timePass(device, dispatches, repeats, clock);
  const least = leastSeconds[device.profile.isSoftware ? 'software' : 'gpu'];
  const heat = heater();
  return async (requests) => {
    const pool = new BufferPool(device);
    try {
      const operands = operandBuffers(pool, requests);
      const bound = requests.map(({ plan }) => Promise.all(plan.dispatches.map((d) => bind(pool, d, operands))));
      const contenders: Contender[] = [];
      const ready = await Promise.all(bound);
      const heavy = device.profile.isSoftware ? undefined : await heavyPass(pool);
      if (heavy) await heat(heavy);
      for (const dispatches of ready) contenders.push(await settle(time, dispatches, least));
      for (let round = 0; round < rounds; round++) {
        if (heavy) await heat(heavy);
        await playRound(time, contenders);
      }
      return contenders.map(({ best }) => best);
    } finally {
      pool.destroy();
    }
  };
}

async function playRound(time: TimePasses, contenders: readonly Contender[]): Promise<void> {
  const fastest = Math.min(...contenders.map(({ best }) => best));
  for (const contender of contenders) {
    if (contender.isSlow || contender.best > hopeless * fastest) continue;
    const { dispatches, repeats } = contender;
    contender.best = Math.min(contender.best, (await time(dispatches, repeats)) / repeats);
  }
}

/** One run to compile and load what is compiled and loaded lazily, then as many repeats as make a pass long enough. */
async function settle(time: TimePasses, dispatches: readonly TimedDispatch[], least: number): Promise<Contender> {
  await time(dispatches, 1);
  for (let repeats = 1; ;) {
    const seconds = await time(dispatches, repeats);
    if (seconds >= least || repeats >= mostRepeats) {
      if (seconds > slow * least) return { dispatches, repeats, best: seconds, isSlow: true };
      const again = await time(dispatches, repeats);
      return { dispatches, repeats, best: Math.min(seconds, again) / repeats, isSlow: false };
    }
    const missing = Math.ceil((1.2 * least) / Math.max(seconds / repeats, 1e-9));
    repeats = Math.min(mostRepeats, Math.max(2 * repeats, Math.min(missing, 64 * repeats)));
  }
}

/** Multiply-adds in registers, as many as take a while. */
async function heavyPass(pool: BufferPool): Promise<HeavyPass> {
  const probe = ceilingProbes(pool.device.profile)[0];
  const buffers = probe.bufferBytes.map((bytes) => pool.create(bytes, bufferUsage.activation, 'arithmetic'));
  for (let scale = 16; ; scale *= 2) {
    const { params, repeats, work } = probe.at(scale);
    const dispatch = await pool.bind(probe.kernel, params, buffers, probe.workgroups);
    const pass: HeavyPass = async () => ({ seconds: await timePass(pool.device, [dispatch], repeats), work });
    if ((await pass()).seconds >= heavySeconds || scale >= largestScale) return pass;
  }
}

/** One buffer for each operand, as large as the largest request wants it; what is read holds numbers that cannot overflow. */
function operandBuffers(pool: BufferPool, requests: readonly TimingRequest[]): ReadonlyMap<OperandName, GPUBuffer> {
  const sizes = new Map<OperandName, number>();
  for (const { operandBytes } of requests) {
    for (const [name, bytes] of Object.entries(operandBytes) as [OperandName, number][]) {
      sizes.set(name, Math.max(sizes.get(name) ?? 0, bytes));
    }
  }
  const buffers = new Map<OperandName, GPUBuffer>();
  for (const [name, bytes] of sizes) {
    const buffer = pool.create(bytes, bufferUsage.input, name);
    if (name === 'input' || name === 'weights')
      pool.device.gpu.queue.writeBuffer(buffer, 0, timingValues(name, buffer.size));
    buffers.set(name, buffer);
  }
  return buffers;
}

function bind(
  pool: BufferPool,
  dispatch: Dispatch,
  operands: ReadonlyMap<OperandName, GPUBuffer>,
): Promise<TimedDispatch> {
  const buffers = dispatch.operands.map((name) => operands.get(name)!);
  return pool.bind(dispatch.kernel, dispatch.params, buffers, dispatch.workgroups);
}
