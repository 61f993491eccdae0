import { accessSync, constants, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { Profile, Session, SessionOptions, Tensor } from '@tessera/runtime';
import type { Environment } from '../environment.js';
import { CliError, isTesseraError, messageOf, EXIT, systemReason, withNode } from '../errors.js';
import { fillFeeds, planFeeds, type FeedPlan } from '../inputs/feeds.js';
import { readSignature } from '../inputs/signature.js';
import { measure, profileRuns } from '../measure.js';
import { RUN_HELP, runOptions, type RunCommandOptions } from '../options.js';
import { readLabels } from '../outputs/classes.js';
import { prepareDirectory, writeOutputs } from '../outputs/write.js';
import { createProgressBar, type ProgressBar } from '../progress.js';
import { buildReport, reportGpu, reportOutputs, type ClassOptions } from '../report/build.js';
import { formatReport } from '../report/human.js';
import type { GpuReport, RunReport } from '../report/types.js';

const SHOWN_LAYERS = 10;
const SHOWN_CLASSES = 5;

/** Size of a readable file. */
function fileSize(file: string): number {
  try {
    accessSync(file, constants.R_OK);
    const status = statSync(file);
    if (status.isDirectory()) throw new CliError(`${file} is a directory, not a model`);
    return status.size;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${file} cannot be read: ${systemReason(error)}`);
  }
}

function classOptions(options: RunCommandOptions): ClassOptions {
  const labels = options.labels === undefined ? undefined : readLabels(options.labels);
  const top = options.top ?? (labels === undefined ? undefined : SHOWN_CLASSES);
  return { top, labels, labelsFile: options.labels };
}

type Tensors = Readonly<Record<string, Tensor>>;

async function profile(session: Session, tensors: Tensors, runMs: number, layers?: number): Promise<GpuReport> {
  try {
    const profiled: Profile = await session.profile(tensors, { runs: profileRuns(runMs) });
    return reportGpu(profiled, layers);
  } catch (error) {
    if (isTesseraError(error) && error.code === 'UNSUPPORTED_DEVICE') {
      return { available: false, reason: messageOf(error) };
    }
    throw error;
  }
}

/** Names the file, and the sizes that were only assumed, in an error of the runtime. */
function explain(error: unknown, model: string, plan: FeedPlan): unknown {
  if (!isTesseraError(error)) return error;
  const assumed = plan.assumed.map((symbol) => `${symbol} = 1`).join(', ');
  const bySizes = assumed !== '' && (error.code === 'INVALID_INPUT' || error.code === 'INVALID_MODEL');
  const hint = bySizes ? ` (assuming ${assumed}; --dim NAME=SIZE sets another size)` : '';
  const message = withNode(error);
  return new CliError(`${message.includes(basename(model)) ? '' : `${model}: `}${message}${hint}`, EXIT.failed, error);
}

/** Options for pictures do nothing without one, which is easily overlooked. */
function unusedOptions({ scale, mean, std, bgr }: RunCommandOptions, plan: FeedPlan): string[] {
  const given = Object.entries({ scale, mean, std, bgr }).filter(([, value]) => value !== undefined);
  if (given.length === 0 || plan.sources.some(({ kind }) => kind === 'picture')) return [];
  const names = given.map(([name]) => `--${name}`).join(', ');
  return [`no input is a picture, so nothing was done by ${names}`];
}

interface Work {
  readonly model: string;
  readonly bytes: number;
  readonly options: RunCommandOptions;
  readonly classes: ClassOptions;
  readonly plan: FeedPlan;
  readonly bar: ProgressBar;
}

async function runSession(session: Session, work: Work): Promise<RunReport> {
  const { model, bytes, options, plan, bar } = work;
  const feeds = fillFeeds(plan);
  bar.step('Running');
  const run = () => session.run(feeds);
  const { result, timing } = await measure(run, options.runs);
  const files = options.outputDir === undefined ? {} : writeOutputs(options.outputDir, result);
  bar.step('Profiling');
  const gpu = await profile(session, feeds, timing.medianMs, options.layers);
  const warnings = unusedOptions(options, plan);
  const outputs = reportOutputs(result, files, work.classes, warnings);
  return buildReport({ file: model, bytes, session, plan, feeds, timing, gpu, outputs, warnings });
}

/**
 * Runs a model: reads and checks everything that needs no GPU first, then runs, times, profiles, writes outputs and
 * gives the report.
 */
export async function run(model: string, options: RunCommandOptions, environment: Environment): Promise<RunReport> {
  const bytes = fileSize(model);
  const classes = classOptions(options);
  if (options.outputDir !== undefined) prepareDirectory(options.outputDir);
  const { scale, mean, std, bgr } = options;
  const plan = await planFeeds(readSignature(model), {
    files: options.input,
    dims: options.dim,
    seed: options.seed,
    pixels: { scale, mean, std, bgr },
  });
  const bar = createProgressBar(environment.terminal);
  let session: Session | undefined;
  try {
    const sessionOptions: SessionOptions = {
      adapter: options.adapter,
      precision: options.precision,
      dims: plan.dims,
      onProgress: (progress) => bar.update(progress),
    };
    session = await environment.openSession(model, sessionOptions);
    return await runSession(session, { model, bytes, options, classes, plan, bar });
  } catch (error) {
    throw explain(error, model, plan);
  } finally {
    bar.stop();
    session?.dispose();
  }
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
    });
  for (const option of runOptions()) command.addOption(option);
}
