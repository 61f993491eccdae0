// Times whole networks, end to end and on the GPU, beside onnxruntime-node on the same adapter.
//   npm run bench:models -- [--models A,B] [--batches 1,8,32] [--precision fp32,fp16,strict] [--peers ort-webgpu,ort-cpu]
//     [--adapter auto|gpu|system|swiftshader] [--rounds N] [--warmup MS] [--budget MS] [--profile-runs N] [--unchecked]
//     [--folder FOLDER] [--out FILE]
// A model is a path, or a name in FOLDER or in the folder of test data. Each contender has a process of its own; they
// take turns of WARMUP + BUDGET milliseconds a batch, ROUNDS times. Outputs are compared with onnxruntime's CPU provider,
// unless --unchecked. --out writes FILE.json and FILE.md. A benchmark, not a test: it fails where a contender did not run.
import { writeFileSync } from 'node:fs';
import { messageOf } from '../../verify/support/report.js';
import { adapterEnvironment } from './environment.js';
import { locate } from './locate.js';
import { measureModel, type Figures } from './measure.js';
import { readOptions, type Options } from './options.js';
import { benchmarkReport, markdown, modelTable } from './report.js';

const args = process.argv.slice(2);

async function measureAll(options: Options): Promise<Figures[]> {
  const env = { ...(await adapterEnvironment(options.adapter)), TESSERA_ADAPTER: options.adapter };
  const figures: Figures[] = [];
  for (const wanted of options.models) {
    const model = await locate(wanted, options.folder);
    const rows = await measureModel(model, options, env);
    console.log(`${model.name}\n${modelTable(rows)}\n`);
    figures.push(...rows);
  }
  return figures;
}

try {
  const options = readOptions(args);
  const figures = await measureAll(options);
  const report = benchmarkReport(figures, args);
  console.log(`On ${report.adapter} (${report.driver}); ${report.host}; ${report.date}.`);
  if (options.out) {
    writeFileSync(`${options.out}.json`, `${JSON.stringify(report, null, 2)}\n`);
    writeFileSync(`${options.out}.md`, markdown(report));
  }
  process.exit(figures.some(({ failure }) => failure !== undefined) ? 1 : 0);
} catch (error) {
  console.error(messageOf(error));
  process.exit(2);
}
