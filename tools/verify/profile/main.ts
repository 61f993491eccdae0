// Checks what `profile` says of whole networks: the sum of the layers' GPU times, without what their passes cost, is within 10%
// of the GPU time of the whole run between one pair of timestamps, a profiled run takes at most 10% longer on the GPU than a
// plain one, every layer has its samples, and multiply-adds are those counted by hand.
//   npm run verify:profile -- [--adapter A] [--runs N] [--batch N] [--parts N] [NETWORK...]
// --batch is for networks of any batch, such as tv_resnet50; --parts times the dispatches in so many parts, a part in each
// run, whatever a pass costs.
// The networks stand outside the repository: in TESSERA_SHARED, or in `shared` beside it.
import { createSession, inspectModel, type Profile } from '@tessera/runtime';
import { parseArgs } from 'node:util';
import { openNetwork } from '../zoo/networks.js';

const { values, positionals } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    runs: { type: 'string', default: '40' },
    batch: { type: 'string' },
    parts: { type: 'string' },
  },
  allowPositionals: true,
});

/** Multiply-adds of one picture of 224x224, as the papers' tables give them. */
const countedByHand: Readonly<Record<string, number>> = { tv_resnet50: 4.09e9, tv_mobilenet_v2: 0.3e9 };

const tolerance = 0.1;
let [passed, failed] = [0, 0];

function check(name: string, isPassed: boolean): void {
  if (isPassed) passed++;
  else failed++;
  console.log(`${isPassed ? 'passed' : 'FAILED'}  ${name}`);
}

interface Times {
  /** Sum of the layers. */
  readonly layersMs: number;
  /** The run between one pair of timestamps. */
  readonly wholeMs: number;
  /** A profiled run, likewise. */
  readonly profiledMs: number;
}

function leastTimes(profiles: readonly Profile[]): Times {
  const least = (of: (profile: Profile) => number) => Math.min(...profiles.map(of));
  return {
    layersMs: least(({ gpuMs }) => gpuMs),
    wholeMs: least(({ wholeMs }) => wholeMs),
    profiledMs: least((profile) => profile.profiledMs),
  };
}

const isSumClose = ({ layersMs, wholeMs }: Times) => Math.abs(layersMs / wholeMs - 1) <= tolerance;
const isCheap = ({ profiledMs, wholeMs }: Times) => profiledMs / wholeMs <= 1 + tolerance;
const isClose = (times: Times) => isSumClose(times) && isCheap(times);

const percent = (ratio: number) => `${((ratio - 1) * 100).toFixed(1)}%`;

for (const [name, macs] of Object.entries(countedByHand)) {
  const { path } = await openNetwork(name);
  const inspection = inspectModel(path);
  const counted = inspection.macs / macs;
  check(
    `${name}: ${(inspection.macs / 1e9).toFixed(3)} GMAC, ${percent(counted)} from ${macs / 1e9}`,
    Math.abs(counted - 1) <= 0.02,
  );
  const flops = inspection.plan!.layers.reduce((sum, layer) => sum + layer.flops, 0);
  const layered = flops / 2 / macs;
  check(`${name}: the layers do ${(flops / 2e9).toFixed(3)} GMAC, ${percent(layered)}`, Math.abs(layered - 1) <= 0.02);
}

for (const name of positionals.length > 0 ? positionals : ['tv_resnet18']) {
  const network = await openNetwork(name);
  const dims = values.batch === undefined ? network.sizes[0] : { N: Number(values.batch) };
  const session = await createSession(network.path, { adapter: values.adapter, dims });
  const feeds = Object.fromEntries(
    Object.entries(network.inputsFor(dims)).map(([input, { type, dims, data }]) => [
      input,
      { dataType: type, dims, data },
    ]),
  );
  // Other work on the machine only ever adds to a time, so the least of many is the steadiest; more where it is much.
  const profiles: Profile[] = [];
  let times = { layersMs: 0, wholeMs: 0, profiledMs: 0 };
  const least = Number(values.runs);
  let parts = values.parts === undefined ? undefined : Number(values.parts);
  while (profiles.length < least || (!isClose(times) && profiles.length < 3 * least)) {
    profiles.push(await session.profile(feeds, { runs: 1, parts }));
    // As the first found them, so that all are alike.
    ({ parts } = profiles[0]);
    times = leastTimes(profiles);
  }
  const { layersMs, wholeMs, profiledMs } = times;
  const [{ passCostMs, timeline }] = profiles;
  const { dispatches } = session.report;
  const on = session.report.adapter.name;
  console.log(
    `${name} on ${on}: layers ${layersMs.toFixed(3)} ms, whole ${wholeMs.toFixed(3)} ms, profiled ${profiledMs.toFixed(3)} ms, least of ${profiles.length}; ` +
      `${dispatches} dispatches in ${parts} part${parts === 1 ? '' : 's'}, one timed in each run; ` +
      `a pass of its own costs ${(passCostMs * 1e3).toFixed(2)} us, taken off each`,
  );
  const isSampled = ({ layers }: Profile) =>
    layers.every(({ samplesMs }) => samplesMs.length === 1 && samplesMs[0] >= 0);
  check(`${name}: each profile has a time of every layer`, profiles.every(isSampled));
  check(`${name}: the timeline has every dispatch`, timeline.gpu.length === dispatches);
  check(`${name}: the cost of a pass is a time`, passCostMs >= 0 && passCostMs < Infinity);
  check(`${name}: the layers' sum is ${percent(layersMs / wholeMs)} from the whole`, isSumClose(times));
  check(`${name}: timing the layers costs ${percent(profiledMs / wholeMs)}`, isCheap(times));
  session.dispose();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
