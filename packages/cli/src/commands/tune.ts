import { basename } from 'node:path';
import type { Command } from 'commander';
import type { TuneProgress } from '@tessera/runtime';
import type { Environment } from '../environment.js';
import { CliError, EXIT } from '../errors.js';
import { median } from '../measure.js';
import { TUNE_HELP, tuneOptions, type TuneCommandOptions } from '../options/explain.js';
import { checkWritable, writeWhole } from '../outputs/write.js';
import { milliseconds, printable, significant } from '../report/format.js';
import type { Colors } from '../report/human.js';
import { textTable } from '../report/table.js';
import { modelSize, withWorkload, type Workload } from '../workload.js';

/** What `infer tune` did; the document of --json. */
export interface TuneReport {
  readonly schema: 'tessera.tune';
  readonly version: 1;
  readonly model: string;
  readonly adapter: string;
  readonly file: string;
  /** Problems timed, in order, out of `total`. */
  readonly problems: readonly TuneProgress[];
  readonly total: number;
  /** Median end to end before and after, in milliseconds. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly isInterrupted: boolean;
}

/** Timed runs before and after: at least so many, for at least so long. */
const RUNS = 5;
const RUNS_MS = 500;

async function medianRunMs({ session, feeds }: Workload): Promise<number> {
  const times: number[] = [];
  await session.run(feeds);
  for (const start = performance.now(); times.length < RUNS || performance.now() - start < RUNS_MS;) {
    const from = performance.now();
    await session.run(feeds);
    times.push(performance.now() - from);
  }
  return median(times);
}

async function tune(
  workload: Workload,
  { budget }: TuneCommandOptions,
  file: string,
  signal: AbortSignal,
): Promise<TuneReport> {
  const { session, plan, bar, runtime, model } = workload;
  bar.step('Running');
  const beforeMs = await medianRunMs(workload);
  const problems: TuneProgress[] = [];
  const tuned = await session.tune({
    dims: plan.dims,
    budgetMs: budget * 1000,
    signal,
    onProgress: (progress) => {
      problems.push(progress);
      bar.advance('Tuning', progress.done, progress.total);
    },
  });
  writeWhole(file, runtime.formatTuning(tuned));
  bar.step('Running');
  const afterMs = await medianRunMs(workload);
  return {
    schema: 'tessera.tune',
    version: 1,
    model,
    adapter: session.report.adapter.name,
    file,
    problems,
    total: problems.at(-1)?.total ?? 0,
    beforeMs,
    afterMs,
    isInterrupted: signal.aborted,
  };
}

function formatTune(report: TuneReport, colors: Colors): string {
  const { model, adapter, file, problems, total, beforeMs, afterMs, isInterrupted } = report;
  const rows = problems.map(({ problem, winner, seconds }) => {
    return [printable(problem), winner ?? 'none', seconds === undefined ? '' : significant(seconds * 1000)];
  });
  const left = 'left' as const;
  const table = textTable(
    [{ title: 'Problem', align: left }, { title: 'Fastest', align: left }, { title: 'ms' }],
    rows,
    colors,
  );
  const spent = problems.at(-1)?.elapsedMs ?? 0;
  const lines = [
    `Model: ${model} on ${adapter}`,
    ...(rows.length > 0 ? ['', table, ''] : []),
    `Tuned ${problems.length} of ${total} problems in ${milliseconds(spent)}; the times are in ${file}`,
    `End to end: ${milliseconds(beforeMs)} before, ${milliseconds(afterMs)} after (medians of warm runs)`,
    ...(problems.length < total && !isInterrupted ? ['The budget did not reach all: --budget gives more seconds'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

export function addTuneCommand(program: Command, environment: Environment): void {
  const command = program
    .command('tune')
    .summary("time the kernels that could compute a model's layers, and write the times to a file")
    .usage('MODEL.onnx [options]')
    .argument('<MODEL.onnx>', 'the model')
    .addHelpText('after', TUNE_HELP)
    .action(async (model: string, options: TuneCommandOptions) => {
      modelSize(model);
      const file = options.output ?? `${basename(model).replace(/\.onnx$/i, '')}.tune.json`;
      checkWritable('--output', file);
      const report = await withWorkload(model, options, environment, (workload) =>
        environment.interruption.hold((signal) => tune(workload, options, file, signal)),
      );
      environment.stdout.write(
        options.json ? `${JSON.stringify(report, null, 2)}\n` : formatTune(report, environment.colors),
      );
      if (report.isInterrupted)
        throw new CliError(`interrupted after ${report.problems.length} problems`, EXIT.interrupted);
    });
  for (const each of tuneOptions()) command.addOption(each);
}
