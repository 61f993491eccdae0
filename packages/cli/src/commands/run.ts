import type { Command } from 'commander';
import type { Session, Tensor } from '@tessera/runtime';
import type { Environment } from '../environment.js';
import { CliError, EXIT, isTesseraError, messageOf } from '../errors.js';
import { BUDGET_MS, measure, profileRuns } from '../measure.js';
import { RUN_HELP, runOptions, type RunCommandOptions } from '../options/run.js';
import { readLabels } from '../outputs/classes.js';
import { prepareDirectory, writeOutputs } from '../outputs/write.js';
import { within } from '../profile/within.js';
import { buildReport, reportGpu, reportOutputs, type ClassOptions } from '../report/build.js';
import { formatReport } from '../report/human.js';
import type { GpuReport, RunReport } from '../report/types.js';
import { modelSize, withWorkload, type Workload } from '../workload.js';

const SHOWN_LAYERS = 10;
const SHOWN_CLASSES = 5;

function classOptions(options: RunCommandOptions): ClassOptions {
  const labels = options.labels === undefined ? undefined : readLabels(options.labels);
  const top = options.top ?? (labels === undefined ? undefined : SHOWN_CLASSES);
  return { top, labels, labelsFile: options.labels };
}

type Tensors = Readonly<Record<string, Tensor>>;

async function profile(session: Session, tensors: Tensors, runMs: number, layers?: number): Promise<GpuReport> {
  try {
    return reportGpu(await session.profile(tensors, within(BUDGET_MS, 1, { runs: profileRuns(runMs) })), layers);
  } catch (error) {
    if (isTesseraError(error) && error.code === 'UNSUPPORTED_DEVICE') {
      return { available: false, reason: messageOf(error) };
    }
    throw error;
  }
}

async function runSession(
  workload: Workload,
  options: RunCommandOptions,
  classes: ClassOptions,
  { interruption }: Environment,
): Promise<RunReport> {
  const { model, bytes, session, plan, feeds, bar } = workload;
  bar.step('Running');
  const { result, timing } = await interruption.hold((signal) =>
    measure(() => session.run(feeds), { runs: options.runs, signal }),
  );
  const files = options.outputDir === undefined ? {} : writeOutputs(options.outputDir, result);
  bar.step('Profiling');
  const gpu: GpuReport = interruption.signal.aborted
    ? { available: false, reason: 'interrupted' }
    : await profile(session, feeds, timing.medianMs, options.layers);
  const warnings = [...workload.warnings];
  const outputs = reportOutputs(result, files, classes, warnings);
  return buildReport({ file: model, bytes, session, plan, feeds, timing, gpu, outputs, warnings });
}

/**
 * Runs a model: reads and checks everything that needs no GPU first, then runs, times, profiles, writes outputs and
 * gives the report.
 */
async function run(model: string, options: RunCommandOptions, environment: Environment): Promise<RunReport> {
  modelSize(model);
  const classes = classOptions(options);
  if (options.outputDir !== undefined) prepareDirectory('--output-dir', options.outputDir);
  return withWorkload(model, options, environment, (workload) => runSession(workload, options, classes, environment));
}

/** Adds the command `run`, which is also what `infer MODEL` means. */
export function addRunCommand(program: Command, environment: Environment): void {
  const command = program
    .command('run', { isDefault: true })
    .summary('run a model, time it and show its outputs (the default command)')
    .usage('MODEL.onnx [options]')
    .argument('<MODEL.onnx>', 'the model')
    .addHelpText('after', RUN_HELP)
    .action(async (model: string, options: RunCommandOptions) => {
      const report = await run(model, options, environment);
      const text = options.json
        ? `${JSON.stringify(report, null, 2)}\n`
        : formatReport(report, options.layers ?? SHOWN_LAYERS, environment.colors);
      environment.stdout.write(text);
      if (environment.interruption.signal.aborted) {
        throw new CliError(`interrupted after ${report.timing.runs} timed runs`, EXIT.interrupted);
      }
    });
  for (const option of runOptions()) command.addOption(option);
}
