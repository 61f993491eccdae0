// Times whole networks, end to end and on the GPU, beside onnxruntime-node on the same adapter.
//   npm run bench:models -- [--models A,B] [--batches 1,8,32] [--precision fp32,fp16,strict] [--peers ort-webgpu,ort-cpu]
//     [--dim NAME=SIZE] [--adapter auto|gpu|system|swiftshader] [--rounds N] [--warmup MS] [--budget MS] [--profile-runs N] [--unchecked]
//     [--folder FOLDER] [--tuning FILE] [--tune MS] [--out FILE]
// A model is a path, or a name in FOLDER or in the folder of test data. Each contender has a process of its own; they
// take turns of WARMUP + BUDGET milliseconds a batch, ROUNDS times. --dim, once for each, sizes what is open beside the batch. Outputs are compared with onnxruntime's CPU provider,
// unless --unchecked. --tuning gives times of kernels to start from; --tune times them for so long, each batch and precision.
// --out writes FILE.json and FILE.md, and FILE.tuning.json where it tuned. A benchmark, not a test: it fails where a contender did not run.
import { formatTuning, type TuningFile } from '@tessera/conv-kernels';
import { writeFileSync } from 'node:fs';
import { messageOf } from '../../verify/support/report.js';
import { adapterEnvironment } from './environment.js';
import { locate } from './locate.js';
import { measureModel, type Figures } from './measure.js';
import { readOptions, type Options } from './options.js';
import { benchmarkReport, markdown, modelTable } from './report.js';

const args = process.argv.slice(2);

async function measureAll(options: Options): Promise<{ figures: Figures[]; tuning?: TuningFile }> {
  const env = { ...(await adapterEnvironment(options.adapter)), TESSERA_ADAPTER: options.adapter };
  const figures: Figures[] = [];
  let tuning: TuningFile | undefined;
  for (const wanted of options.models) {
    const model = await locate(wanted, options.folder);
    const measured = await measureModel(model, options, env, tuning);
    console.log(`${model.name}\n${modelTable(measured.figures)}\n`);
    figures.push(...measured.figures);
    tuning = measured.tuning ?? tuning;
  }
  return { figures, tuning };
}

try {
  const options = readOptions(args);
  const { figures, tuning } = await measureAll(options);
  const report = benchmarkReport(figures, args);
  console.log(`On ${report.adapter} (${report.driver}); ${report.host}; ${report.date}.`);
  if (options.out) {
    writeFileSync(`${options.out}.json`, `${JSON.stringify(report, null, 2)}\n`);
    writeFileSync(`${options.out}.md`, markdown(report));
    if (tuning) writeFileSync(`${options.out}.tuning.json`, formatTuning(tuning));
  }
  process.exit(figures.some(({ failure }) => failure !== undefined) ? 1 : 0);
} catch (error) {
  console.error(messageOf(error));
  process.exit(2);
}
