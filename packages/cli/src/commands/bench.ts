import type { Command } from 'commander';
import type { Profile, RunTiming, Tensor } from '@tessera/runtime';
import { compareWithBaseline, readBaseline, unlikeBaseline } from '../bench/baseline.js';
import { formatBench } from '../bench/human.js';
import { measureRounds } from '../bench/measure.js';
import { buildBenchReport } from '../bench/report.js';
import type { BenchReport } from '../bench/types.js';
import { outputDifference } from '../compare/difference.js';
import type { Environment } from '../environment.js';
import { CliError, EXIT, isTesseraError } from '../errors.js';
import { BUDGET_MS, profileRuns } from '../measure.js';
import { BENCH_HELP, benchOptions, type BenchOptions } from '../options/bench.js';
import { openPeer } from '../peer/peer.js';
import { PEERS } from '../peer/onnxruntime.js';
import { within } from '../profile/within.js';
import { significant } from '../report/format.js';
import { modelSize, withWorkload, type Workload } from '../workload.js';

async function profileLayers({ session, feeds, bar }: Workload, runMs: number, signal: AbortSignal) {
  if (signal.aborted) return undefined;
  bar.step('Profiling');
  try {
    return await session.profile(feeds, within(BUDGET_MS, 1, { runs: profileRuns(runMs), signal }));
  } catch (error) {
    if (isTesseraError(error) && error.code === 'UNSUPPORTED_DEVICE') return undefined;
    throw error;
  }
}

async function measure(workload: Workload, options: BenchOptions, signal: AbortSignal): Promise<BenchReport> {
  const { session, feeds, bar, model } = workload;
  let outputs: Readonly<Record<string, Tensor>> = {};
  const run = async () => {
    let timing: RunTiming | undefined;
    outputs = await session.run(feeds, { onTiming: (told) => (timing = told) });
    return timing!;
  };
  if (options.peer) bar.step(`Opening ${options.peer}`);
  const peer = options.peer && (await openPeer(options.peer, model, feeds));
  try {
    const { warmUp, duration, iterations } = options;
    const measured = await measureRounds(
      { warmUpMs: warmUp, durationMs: duration * 1000, iterations },
      { run, peer: peer?.run, signal, onProgress: (share) => bar.advance('Timing', Math.round(share * 100), 100) },
    );
    const profile: Profile | undefined = await profileLayers(workload, measured.rounds[0].ours.totalMs, signal);
    return buildBenchReport({
      workload,
      measured,
      percentiles: options.percentile,
      profile,
      peer: peer && {
        runtime: 'onnxruntime-node',
        version: peer.version,
        provider: `${PEERS[options.peer!]} provider`,
        sessionMs: peer.sessionMs,
        firstRunMs: peer.firstRunMs,
        difference: outputDifference(outputs, peer.outputs),
      },
      isInterrupted: signal.aborted,
    });
  } finally {
    peer?.close();
  }
}

/** Why a report is a failure, in one sentence; undefined where it is none. */
function verdict({ latency, baseline, isInterrupted, runs }: BenchReport, failAbove?: number): CliError | undefined {
  if (isInterrupted) return new CliError(`interrupted after ${runs} timed runs`, EXIT.interrupted);
  if (failAbove !== undefined && latency.median > failAbove) {
    return new CliError(`the median latency, ${significant(latency.median)} ms, is above the ${failAbove} ms allowed`);
  }
  if (!baseline) return undefined;
  const slower = [
    ...(baseline.latency.isRegression ? ['end to end'] : []),
    ...baseline.layers.filter((layer) => layer.isRegression).map(({ name }) => name),
  ];
  if (slower.length === 0) return undefined;
  const more = slower.length > 3 ? ` and ${slower.length - 3} more` : '';
  return new CliError(
    `slower than ${baseline.file} by more than ${baseline.threshold}%: ${slower.slice(0, 3).join(', ')}${more}`,
  );
}

async function bench(model: string, options: BenchOptions, environment: Environment): Promise<BenchReport> {
  modelSize(model);
  const { baseline, threshold } = options;
  const before = baseline === undefined ? undefined : readBaseline(baseline);
  const report = await withWorkload(model, options, environment, (workload) =>
    environment.interruption.hold((signal) => measure(workload, options, signal)),
  );
  if (!before || baseline === undefined) return report;
  const unlike = unlikeBaseline(report, before, baseline);
  const warnings = unlike === undefined ? report.warnings : [...report.warnings, unlike];
  return { ...report, warnings, baseline: compareWithBaseline(report, before, baseline, threshold) };
}

export function addBenchCommand(program: Command, environment: Environment): void {
  const command = program
    .command('bench')
    .summary('time a model end to end: latency, throughput, where the time goes, and against a peer')
    .usage('MODEL.onnx [options]')
    .argument('<MODEL.onnx>', 'the model')
    .addHelpText('after', BENCH_HELP)
    .action(async (model: string, options: BenchOptions) => {
      const report = await bench(model, options, environment);
      const text = options.json ? `${JSON.stringify(report, null, 2)}\n` : formatBench(report, environment.colors);
      environment.stdout.write(text);
      const failure = verdict(report, options.failAbove);
      if (failure) throw failure;
    });
  for (const each of benchOptions()) command.addOption(each);
}
