import type { Command } from 'commander';
import { loadOnnxFile } from '@tessera/onnx-loader/node';
import type { Device } from '@tessera/runtime';
import { diagnoseModel, missingParts } from '../doctor/examine.js';
import { formatDoctor } from '../doctor/human.js';
import type { DoctorReport } from '../doctor/types.js';
import type { Environment, Runtime } from '../environment.js';
import { CliError, isTesseraError } from '../errors.js';
import { DOCTOR_HELP, doctorOptions, type DoctorOptions } from '../options/inspect.js';
import { createProgressBar } from '../progress.js';
import { modelSize } from '../workload.js';

/** The device of the choice; undefined where there is no adapter at all. */
async function openDevice(runtime: Runtime, adapter: string | undefined): Promise<Device | undefined> {
  try {
    return await runtime.acquireDevice({ adapter });
  } catch (error) {
    if (adapter === undefined && isTesseraError(error) && error.code === 'NO_ADAPTER') return undefined;
    throw error;
  }
}

/** The numbers of a profile. */
function limitsOf({ profile }: Device): Record<string, number> {
  return Object.fromEntries(
    Object.entries(profile).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

async function examine(
  model: string | undefined,
  options: DoctorOptions,
  environment: Environment,
): Promise<DoctorReport> {
  if (model !== undefined) {
    modelSize(model);
    loadOnnxFile(model);
  }
  const runtime = await environment.loadRuntime();
  const bar = createProgressBar(environment.progress);
  let device: Device | undefined;
  try {
    bar.step('Looking for adapters');
    const adapters = await runtime.listAdapters();
    device = await openDevice(runtime, options.adapter);
    bar.step('Measuring the adapter');
    const ceilings = device && (await runtime.measureCeilings(device));
    const question = model === undefined ? undefined : { model, dims: options.dim, precision: options.precision };
    return {
      schema: 'tessera.doctor',
      version: 1,
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      adapters,
      adapter: device && ceilings ? { name: device.adapter.name, limits: limitsOf(device), ceilings } : null,
      missing: missingParts(adapters, device?.adapter),
      model: question && device ? await diagnoseModel(question, runtime, device) : null,
    };
  } finally {
    bar.stop();
    device?.dispose();
  }
}

function verdict({ adapter, model }: DoctorReport, strict = false): CliError | undefined {
  if (!adapter) return new CliError('there is no WebGPU adapter');
  if (!model) return undefined;
  if (model.refusal !== null) return new CliError(`${model.file} cannot run on ${adapter.name}`);
  const count = model.elsewhere.length;
  return strict && count > 0
    ? new CliError(`${count} ${count === 1 ? 'node' : 'nodes'} of ${model.file} would not run on the GPU`)
    : undefined;
}

export function addDoctorCommand(program: Command, environment: Environment): void {
  const command = program
    .command('doctor')
    .summary('say what this machine offers and lacks, and where a model would run')
    .usage('[MODEL.onnx] [options]')
    .argument('[MODEL.onnx]', 'a model to examine too')
    .addHelpText('after', DOCTOR_HELP)
    .action(async (model: string | undefined, options: DoctorOptions) => {
      const report = await examine(model, options, environment);
      environment.stdout.write(
        options.json ? `${JSON.stringify(report, null, 2)}\n` : formatDoctor(report, environment.colors),
      );
      const failure = verdict(report, options.strict);
      if (failure) throw failure;
    });
  for (const each of doctorOptions()) command.addOption(each);
}
