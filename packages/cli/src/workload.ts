import { accessSync, constants, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Device, Session, SessionOptions, Tensor } from '@tessera/runtime';
import type { Environment, Runtime } from './environment.js';
import { CliError, EXIT, isTesseraError, systemReason, withNode } from './errors.js';
import { fillFeeds, planFeeds, type FeedPlan } from './inputs/feeds.js';
import { readSignature } from './inputs/signature.js';
import type { ModelOptions } from './options/model.js';
import { statisticsOf } from './outputs/statistics.js';
import { createProgressBar, type ProgressBar } from './progress.js';

/** Size of a readable file that can be a model. */
export function modelSize(file: string): number {
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

/** A model ready to run, and what to run it on. */
export interface Workload {
  readonly model: string;
  readonly bytes: number;
  readonly options: ModelOptions;
  readonly plan: FeedPlan;
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly runtime: Runtime;
  readonly device: Device;
  readonly session: Session;
  /** Milliseconds from the path to a prepared session, the device found already. */
  readonly sessionMs: number;
  readonly bar: ProgressBar;
  /** About the options, for the report. */
  readonly warnings: readonly string[];
}

/** What to say after a failure that sizes which were only assumed may have caused; nothing where there are none. */
export function assumedHint(symbols: readonly string[]): string {
  if (symbols.length === 0) return '';
  return ` (assuming ${symbols.map((symbol) => `${symbol} = 1`).join(', ')}; --dim NAME=SIZE sets another size)`;
}

/** Names the file in an error of the runtime, and the sizes that were only assumed unless its remedy is another. */
export function explainFailure(error: unknown, model: string, assumed: readonly string[] = []): unknown {
  if (!isTesseraError(error)) return error;
  const bySizes =
    error.details.remedy === undefined &&
    (error.code === 'INVALID_INPUT' || (error.code === 'INVALID_MODEL' && error.node !== undefined));
  const message = withNode(error);
  const text = `${message.includes(basename(model)) ? '' : `${model}: `}${message}`;
  return new CliError(`${text}${bySizes ? assumedHint(assumed) : ''}`, EXIT.failed, error);
}

/** Options for pictures do nothing without one, which is easily overlooked. */
function unusedOptions({ scale, mean, std, bgr }: ModelOptions, plan: FeedPlan): string[] {
  const given = Object.entries({ scale, mean, std, bgr }).filter(([, value]) => value !== undefined);
  if (given.length === 0 || plan.sources.some(({ kind }) => kind === 'picture')) return [];
  const names = given.map(([name]) => `--${name}`).join(', ');
  return [`no input is a picture, so nothing was done by ${names}`];
}

/** A file of times from another adapter, driver or version chooses nothing, without any other sign of it. */
function unusedTuning({ tuning }: ModelOptions, session: Session): string[] {
  const layers = tuning === undefined ? [] : session.explain();
  const isTimed = layers.some(({ candidates }) => candidates.some((each) => each.measuredSeconds !== undefined));
  if (layers.length === 0 || isTimed) return [];
  return [`${tuning} has no times of this model's layers for this adapter, driver and version of the kernels`];
}

/** NaN out of files: no node need give any, since what makes of them a number is open to the adapter. */
function notNumbers({ given }: FeedPlan): string[] {
  return Object.entries(given).flatMap(([name, tensor]) => {
    const { nan = 0 } = statisticsOf(tensor) ?? {};
    return nan > 0 ? [`input "${name}" holds ${nan} NaN, which Relu, Clip, Min and Max may turn into numbers`] : [];
  });
}

/** Reads what is to be fed, without touching the GPU. */
function planModel(model: string, options: ModelOptions): Promise<FeedPlan> {
  const { scale, mean, std, bgr } = options;
  return planFeeds(readSignature(model), {
    files: options.input,
    dims: options.dim,
    shapes: options.shapes,
    seed: options.seed,
    pixels: { scale, mean, std, bgr },
  });
}

/**
 * Reads and checks all that needs no GPU, opens a device and a session, runs `work`, and lets go of them. Errors of the
 * runtime come as one sentence that names the model.
 */
export async function withWorkload<T>(
  model: string,
  options: ModelOptions,
  environment: Environment,
  work: (workload: Workload) => Promise<T>,
  sessionOptions: SessionOptions = {},
): Promise<T> {
  const bytes = modelSize(model);
  const plan = await planModel(model, options);
  const bar = createProgressBar(environment.progress);
  let device: Device | undefined;
  let session: Session | undefined;
  try {
    const runtime = await environment.loadRuntime();
    device = await runtime.acquireDevice({ adapter: options.adapter });
    const from = performance.now();
    session = await runtime.createSession(model, {
      device,
      precision: options.precision,
      strict: options.strict,
      checkFinite: options.checkFinite,
      tuning: options.tuning,
      dims: plan.dims,
      onProgress: (progress) => bar.update(progress),
      ...sessionOptions,
    });
    const sessionMs = performance.now() - from;
    const warnings = [...unusedOptions(options, plan), ...unusedTuning(options, session), ...notNumbers(plan)];
    const feeds = fillFeeds(plan);
    return await work({ model, bytes, options, plan, feeds, runtime, device, session, sessionMs, bar, warnings });
  } catch (error) {
    throw explainFailure(error, model, plan.assumed);
  } finally {
    bar.stop();
    session?.dispose();
    device?.dispose();
  }
}
