import type { Command } from 'commander';
import type { Environment } from '../environment.js';
import { CliError, EXIT } from '../errors.js';
import { layersCsv, netronAttachment, trtexecProfile } from '../exports/files.js';
import { htmlReport } from '../exports/html.js';
import { PROFILE_HELP, profileOptions, type ProfileOptions } from '../options/profile.js';
import { checkWritable, writeWhole } from '../outputs/write.js';
import { formatProfile } from '../profile/human.js';
import { buildProfileReport } from '../profile/report.js';
import type { ProfileReport } from '../profile/types.js';
import { within } from '../profile/within.js';
import { modelSize, withWorkload, type Workload } from '../workload.js';

const json = (value: unknown) => `${JSON.stringify(value)}\n`;

type ExportFlag = 'trace' | 'exportProfile' | 'netron' | 'csv' | 'html';

/** What each flag writes. */
const EXPORTS: Readonly<Record<ExportFlag, (report: ProfileReport) => string | Promise<string>>> = {
  trace: async (report) => {
    const { chromeTrace } = await import('@tessera/report-view/trace');
    return json(chromeTrace(report, report.model.file));
  },
  exportProfile: (report) => json(trtexecProfile(report)),
  netron: (report) => json(netronAttachment(report)),
  csv: layersCsv,
  html: htmlReport,
};

const FLAGS = Object.keys(EXPORTS) as ExportFlag[];

const BUDGET_MS = 3000;
const LEAST_RUNS = 5;

/** As many profiled runs as take about 3 s, at least 5 and at most 50. */
const runsFor = (runMs: number) => Math.min(50, Math.max(LEAST_RUNS, Math.round(BUDGET_MS / runMs)));

async function measure(workload: Workload, options: ProfileOptions, signal: AbortSignal): Promise<ProfileReport> {
  const { session, feeds, bar, runtime, device } = workload;
  bar.step('Measuring the ceilings of the adapter');
  const ceilings = await runtime.measureCeilings(device);
  bar.step('Running');
  await session.run(feeds);
  const from = performance.now();
  await session.run(feeds);
  const runs = options.iterations ?? runsFor(performance.now() - from);
  const onRun = (done: number) => bar.advance('Profiling', done, runs);
  const asked = { runs, signal, onRun };
  const profile = await session.profile(feeds, options.iterations ? asked : within(BUDGET_MS, LEAST_RUNS, asked));
  return buildProfileReport(workload, profile, ceilings, signal.aborted);
}

async function profile(model: string, options: ProfileOptions, environment: Environment): Promise<ProfileReport> {
  modelSize(model);
  for (const flag of FLAGS) if (options[flag] !== undefined) checkWritable(`--${flag}`, options[flag]);
  return withWorkload(model, options, environment, (workload) =>
    environment.interruption.hold((signal) => measure(workload, options, signal)),
  );
}

export function addProfileCommand(program: Command, environment: Environment): void {
  const command = program
    .command('profile')
    .summary('time the layers of a model on the GPU, and export traces, tables and a page')
    .usage('MODEL.onnx [options]')
    .argument('<MODEL.onnx>', 'the model')
    .addHelpText('after', PROFILE_HELP)
    .action(async (model: string, options: ProfileOptions) => {
      const report = await profile(model, options, environment);
      for (const flag of FLAGS) {
        const file = options[flag];
        if (file !== undefined) writeWhole(file, await EXPORTS[flag](report));
      }
      environment.stdout.write(
        options.json ? `${JSON.stringify(report, null, 2)}\n` : formatProfile(report, options, environment.colors),
      );
      if (report.isInterrupted)
        throw new CliError(`interrupted after ${report.runs * report.parts} profiled runs`, EXIT.interrupted);
    });
  for (const each of profileOptions()) command.addOption(each);
}
