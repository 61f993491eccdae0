import type { Dispatch, OperandName, PlanTimer, TimingRequest } from '@tessera/conv-kernels';
import type { GpuDevice } from './device.js';
import { BufferPool, timePass, type Clock, type TimedDispatch } from './timer.js';
import { timingValues } from './timing-operands.js';
import { bufferUsage } from './usage.js';

/** A pass at least this long is timed well. */
const leastSeconds = { software: 5e-3, gpu: 1e-3 } as const;
/** Work on a GPU before passes that count, since idle ones run at a fraction of their clock. */
const warmUpSeconds = 0.3;
/** A GPU that was idle for so long, as it is while kernels compile, is warmed up again. */
const coldAfterSeconds = 0.1;
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
  const now = (): number => performance.now() / 1e3;
  let busyUntil = device.profile.isSoftware ? Infinity : 0;
  return async (requests) => {
    const pool = new BufferPool(device);
    try {
      const operands = operandBuffers(pool, requests);
      const bound = requests.map(({ plan }) => Promise.all(plan.dispatches.map((d) => bind(pool, d, operands))));
      const contenders: Contender[] = [];
      for (const dispatches of await Promise.all(bound)) {
        if (now() - busyUntil > coldAfterSeconds) await warmUp(time, dispatches, least);
        contenders.push(await settle(time, dispatches, least));
        busyUntil = Math.max(busyUntil, now());
      }
      for (let round = 0; round < rounds; round++) await playRound(time, contenders);
      busyUntil = Math.max(busyUntil, now());
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

async function warmUp(time: TimePasses, dispatches: readonly TimedDispatch[], least: number): Promise<void> {
  const { repeats, best } = await settle(time, dispatches, least);
  const passes = Math.ceil(warmUpSeconds / (best * repeats));
  for (let i = 0; i < passes; i++) await time(dispatches, repeats);
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
