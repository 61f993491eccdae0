// Times convolution layers by every algorithm on one adapter, and shows what the chooser picks.
//   npm run bench:ladder -- [--adapter A] [--set resnet50,mobilenet,large-kernel,first-layer] [--batch 1,32]
//     [--precision f32,f16] [--candidates N] [--budget SECONDS] [--processor] [--cudnn] [--json] [--write [--out FOLDER]]
// --write makes FOLDER/ladder-<adapter>.md and .json (docs/benchmarks without --out); --json prints the JSON alone.
// --processor counts processor time instead of the GPU's clock: for software adapters, on machines with other work.
// --cudnn also times cuDNN on the same layers, by python3 with PyTorch.
// Candidates that the budget does not allow are left out, the slowest predicted first.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acquireDevice, createPlanTimer, measureCeilings } from '@tessera/runtime';
import { columns, messageOf } from '../../verify/support/report.js';
import { timeCudnn } from './cudnn.js';
import { measureLayer, type LayerFigures, type LayerRun, type Limits } from './measure.js';
import { readOptions } from './options.js';
import {
  adapterFile,
  ceilingsLine,
  layerCells,
  layerHeadings,
  markdown,
  summaryLines,
  type LadderReport,
} from './report.js';
import { layerSets } from './sets.js';

process.on('uncaughtException', (error) => {
  console.error(messageOf(error));
  process.exit(2);
});

const args = process.argv.slice(2);
const options = readOptions(args);
const say = options.isJson ? console.error : console.log;
const began = performance.now();
const spent = () => (performance.now() - began) / 1e3;

/** Processor time of this process, all threads together: of a software adapter, the threads that run the kernels too. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Shares what is left of the budget among the layers that are left; a candidate takes about as long as those before. */
function limitsOf(done: number, total: number, timed: number): Limits {
  const share = Math.max(0, options.budgetSeconds - spent()) / (total - done);
  const each = timed > 0 ? Math.max(0.02, (spent() - prepared) / timed) : 0.2;
  const affordable = Math.max(1, Math.floor(share / each));
  return { candidates: Math.min(options.candidates, affordable), seconds: share / 4 };
}

const device = await acquireDevice({ adapter: options.adapter });
const precisions = options.precisions.filter((type) => type === 'f32' || device.profile.hasF16);
const runs: LayerRun[] = options.sets.flatMap((set) =>
  precisions.flatMap((elementType) =>
    options.batches.flatMap((batch) => layerSets[set].map((layer) => ({ set, layer, batch, elementType }))),
  ),
);

const peer = options.isBesideCudnn ? timeCudnn(runs) : undefined;
const ceilings = await measureCeilings(device);
const prepared = spent();
const WIDTHS = [34, 7, 10, 9, 34, 9, 34, 9, 8, 9, 6, 7, 8, 11];
say(`${device.adapter.name}, ${device.adapter.driver}`);
say(`ceilings: ${ceilingsLine(ceilings)}`);
say(columns(layerHeadings(peer !== undefined), WIDTHS));
const layers: LayerFigures[] = [];
const time = createPlanTimer(device, options.isProcessorTime ? { clock: processorSeconds } : {});
let timed = 0;
for (const [i, run] of runs.entries()) {
  const measured = await measureLayer(run, device.profile, time, limitsOf(i, runs.length, timed));
  const figures: LayerFigures = { ...measured, cudnnSeconds: peer?.seconds[i] };
  timed += figures.rungs.length;
  layers.push(figures);
  say(columns(layerCells(figures, ceilings, peer !== undefined), WIDTHS));
}
for (const line of summaryLines(layers)) say(line);

const report: LadderReport = {
  date: new Date().toISOString().slice(0, 10),
  command: `npm run bench:ladder -- ${args.join(' ')}`.trim(),
  adapter: device.adapter.name,
  driver: device.adapter.driver,
  ceilings,
  isProcessorTime: options.isProcessorTime,
  peer: peer?.name,
  layers,
};
if (options.isJson) console.log(JSON.stringify(report, null, 2));
if (options.folder !== undefined) {
  mkdirSync(options.folder, { recursive: true });
  const path = join(options.folder, `ladder-${adapterFile(report.adapter)}`);
  writeFileSync(`${path}.md`, markdown(report));
  writeFileSync(`${path}.json`, `${JSON.stringify(report, null, 2)}\n`);
  say(`written: ${path}.md and .json`);
}
process.exit(0);
