// Times networks by Tessera and by onnxruntime-node's WebGPU provider on the same adapter.
//   npm run bench:peers -- [--adapter auto|gpu|system|swiftshader] [--batch N] [--rounds N] [--json FILE] [NAME...]
// Each runtime has a process of its own, and they take turns; a figure is the median of the rounds' medians of warm
// runs, with the input's upload and the output's read-back. A benchmark, not a test: it fails only where nothing ran.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runChild } from '../../verify/support/children.js';
import { median } from '../../verify/support/measure.js';
import { columns } from '../../verify/support/report.js';
import { zooModel } from '../../verify/support/shared-data.js';
import { adapterEnvironment } from './environment.js';
import { runtimes, type RuntimeName } from './runtimes.js';
import type { Sample } from './worker.js';

const NETWORKS = ['tv_resnet18', 'tv_resnet50', 'tv_mobilenet_v2'];
const WIDTHS = [22, 12, 12, 12, 12, 12, 8];
const SILENCE_MS = 10 * 60_000;
const names = Object.keys(runtimes) as RuntimeName[];

const { values, positionals } = parseArgs({
  options: {
    adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
    batch: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '3' },
    warmup: { type: 'string', default: '1000' },
    budget: { type: 'string', default: '2000' },
    json: { type: 'string' },
  },
  allowPositionals: true,
});

type Samples = Record<RuntimeName, Sample[]>;

async function measureOnce(runtime: RuntimeName, network: string, env: Record<string, string>): Promise<Sample[]> {
  const samples: Sample[] = [];
  const end = await runChild<Sample>(new URL('./worker.ts', import.meta.url), {
    args: [runtime, network, values.batch, values.warmup, values.budget],
    env,
    silenceMs: SILENCE_MS,
    onMessage: (sample) => samples.push(sample),
  });
  if (end.failure) console.error(`${runtime} on ${network}: its process ${end.failure}\n${end.errorText.trimEnd()}`);
  return samples;
}

async function measure(network: string, env: Record<string, string>): Promise<Samples> {
  const samples: Samples = { tessera: [], onnxruntime: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    const order = round % 2 === 0 ? names : [...names].reverse();
    for (const runtime of order) samples[runtime].push(...(await measureOnce(runtime, network, env)));
  }
  return samples;
}

interface Figures {
  readonly ms?: number;
  readonly readyMs?: number;
}

function summarize(samples: readonly Sample[]): Figures {
  if (samples.length === 0) return {};
  return {
    ms: median(samples.map((sample) => sample.medianMs)),
    readyMs: median(samples.map((sample) => sample.createMs + sample.firstRunMs)),
  };
}

const milliseconds = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(value < 10 ? 2 : 1));

const env = await adapterEnvironment(values.adapter);
const networks = positionals.length > 0 ? positionals : NETWORKS;
const results = [];
console.log(columns(['', 'tessera', 'ort webgpu', 'ratio', 'tessera', 'ort webgpu'], WIDTHS));
console.log(columns(['network', 'run ms', 'run ms', 'ort/tessera', 'ready ms', 'ready ms'], WIDTHS));
for (const network of networks) {
  await zooModel(network);
  const samples = await measure(network, env);
  const ours = summarize(samples.tessera);
  const peer = summarize(samples.onnxruntime);
  const ratio = ours.ms && peer.ms ? peer.ms / ours.ms : undefined;
  const cells = [
    `${network} N=${values.batch}`,
    milliseconds(ours.ms),
    milliseconds(peer.ms),
    ratio?.toFixed(2) ?? '-',
    milliseconds(ours.readyMs),
    milliseconds(peer.readyMs),
  ];
  console.log(columns(cells, WIDTHS));
  results.push({
    network,
    batch: Number(values.batch),
    adapter: samples.tessera[0]?.adapter,
    ours,
    peer,
    ratio,
    samples,
  });
}
const adapters = new Set(results.map((result) => result.adapter).filter(Boolean));
console.log(`On ${[...adapters].join(', ') || 'no adapter'}. "ready" is from the path to the first result.`);
if (values.json) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
process.exit(results.some((result) => result.ratio !== undefined) ? 0 : 1);
