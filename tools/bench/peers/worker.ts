// The child process of one runtime, one network and one round: worker.ts RUNTIME NETWORK BATCH WARM_UP_MS BUDGET_MS
import { median, timeRuns } from '../../verify/support/measure.js';
import { zooModel } from '../../verify/support/shared-data.js';
import { runtimes, type RuntimeName } from './runtimes.js';

/** What one child measured, in milliseconds. */
export interface Sample {
  readonly adapter?: string;
  /** From the path to a session that can run. */
  readonly createMs: number;
  readonly firstRunMs: number;
  readonly medianMs: number;
  readonly runs: number;
}

const [runtime, network, batch, warmUpMs, budgetMs] = process.argv.slice(2);
const { model, inputsFor } = await zooModel(network);
const inputs = inputsFor({ N: Number(batch) });

const created = performance.now();
const loaded = await runtimes[runtime as RuntimeName](model, inputs);
const createMs = performance.now() - created;
const first = performance.now();
await loaded.run();
const firstRunMs = performance.now() - first;
const times = await timeRuns(() => loaded.run(), {
  warmUpMs: Number(warmUpMs),
  minRuns: 3,
  maxRuns: 100,
  budgetMs: Number(budgetMs),
});
const sample: Sample = { adapter: loaded.adapter, createMs, firstRunMs, medianMs: median(times), runs: times.length };
process.send!(sample, undefined, undefined, () => process.exit(0));
