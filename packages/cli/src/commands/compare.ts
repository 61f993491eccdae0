import { join } from 'node:path';
import type { Command } from 'commander';
import type { Tensor } from '@tessera/runtime';
import { compareValues, subjectsOf, type Comparing } from '../compare/compare.js';
import { formatCompare } from '../compare/human.js';
import { checkReference, openReference, VALUES_INDEX } from '../compare/reference.js';
import type { CompareReport } from '../compare/types.js';
import type { Environment } from '../environment.js';
import { CliError, EXIT } from '../errors.js';
import { encodeNpy } from '../npy.js';
import { COMPARE_HELP, compareOptions, type CompareOptions } from '../options/compare.js';
import { outputFileNames } from '../outputs/names.js';
import { prepareDirectory, writeWhole } from '../outputs/write.js';
import { modelSize, withWorkload, type Workload } from '../workload.js';

/** Tolerances without flags: of fp32 sums in another order, and of halves. */
const RTOL = { fp32: 1e-3, strict: 1e-3, fp16: 2e-2 } as const;

async function measure(workload: Workload, options: CompareOptions, signal: AbortSignal): Promise<CompareReport> {
  const { session, feeds, plan, model, runtime, device, bar } = workload;
  bar.step('Running');
  await session.run(feeds);
  const outputs = session.outputs.map(({ name }) => name);
  const subjects = subjectsOf(session).filter(({ value }) => options.layers || outputs.includes(value));
  const wanted = subjects.map(({ value }) => value);
  bar.step(`Running the reference (${options.with})`);
  const request = { model, with: options.with, feeds, wanted, outputs, dims: plan.dims, runtime, device };
  const reference = await openReference(request);
  try {
    const rtol = options.rtol ?? RTOL[options.precision];
    const saved = options.save === undefined ? undefined : savedValues(options.save, wanted);
    const comparing: Comparing = {
      session,
      reference,
      feeds,
      precision: options.precision,
      tolerances: { rtol, atol: options.atol },
      signal,
      onProgress: (done, total) => bar.advance('Comparing', done, total),
      onValue: saved?.write,
    };
    const present = subjects.filter(({ value }) => reference.has(value));
    if (present.length === 0) throw new CliError(`${reference.label} has none of the values of ${model}`);
    const compared = await compareValues(present, comparing);
    saved?.finish();
    const differs = compared.findIndex(({ verdict }) => verdict === 'differs' || verdict === 'overflows');
    return {
      schema: 'tessera.compare',
      version: 1,
      model,
      reference: reference.label,
      adapter: session.report.adapter,
      precision: options.precision,
      dims: plan.dims,
      assumedDims: plan.assumed,
      rtol,
      atol: options.atol ?? null,
      outputs: compared.filter(({ value }) => outputs.includes(value)),
      layers: compared,
      firstDivergence: differs < 0 ? null : differs,
      notCompared: wanted.filter((name) => !reference.has(name)),
      isInterrupted: signal.aborted,
      agrees: differs < 0,
    };
  } finally {
    await reference.close();
  }
}

/** Writes values into a folder under file names, and at the end the list of them. */
function savedValues(folder: string, names: readonly string[]) {
  const files = new Map(outputFileNames(names).map((file, i) => [names[i], file]));
  const written: Record<string, string> = {};
  return {
    write(name: string, tensor: Tensor) {
      written[name] = files.get(name)!;
      writeWhole(join(folder, written[name]), encodeNpy(tensor));
    },
    finish: () => writeWhole(join(folder, VALUES_INDEX), `${JSON.stringify(written, null, 1)}\n`),
  };
}

async function compare(model: string, options: CompareOptions, environment: Environment): Promise<CompareReport> {
  modelSize(model);
  checkReference(options.with);
  if (options.save !== undefined) prepareDirectory('--save', options.save);
  return withWorkload(
    model,
    options,
    environment,
    (workload) => environment.interruption.hold((signal) => measure(workload, options, signal)),
    options.layers ? { keep: 'all' } : {},
  );
}

export function addCompareCommand(program: Command, environment: Environment): void {
  const command = program
    .command('compare')
    .summary('compare outputs and layers with onnxruntime, the CPU, another model or saved values')
    .usage('MODEL.onnx [options]')
    .argument('<MODEL.onnx>', 'the model')
    .addHelpText('after', COMPARE_HELP)
    .action(async (model: string, options: CompareOptions) => {
      const report = await compare(model, options, environment);
      const text = options.json
        ? `${JSON.stringify(report, null, 2)}\n`
        : formatCompare(report, options.top, environment.colors);
      environment.stdout.write(text);
      if (report.isInterrupted) throw new CliError('interrupted before all was compared', EXIT.interrupted);
      if (!report.agrees) {
        const { layer } = report.layers[report.firstDivergence!];
        throw new CliError(`${model} differs from ${report.reference}, first at node ${layer}`);
      }
    });
  for (const each of compareOptions()) command.addOption(each);
}
