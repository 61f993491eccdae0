import type { Command } from 'commander';
import type { Environment } from '../environment.js';
import { formatInspection } from '../inspect/human.js';
import { INSPECT_HELP, inspectOptions, type InspectCommandOptions } from '../options/inspect.js';
import { explainFailure, modelSize } from '../workload.js';

async function inspect(model: string, options: InspectCommandOptions, environment: Environment): Promise<void> {
  const bytes = modelSize(model);
  const { inspectModel } = await environment.loadRuntime();
  try {
    const inspection = inspectModel(model, { dims: options.dim, precision: options.precision });
    const document = { schema: 'tessera.inspect', version: 1, model: { file: model, bytes }, ...inspection };
    const assumed = Object.keys(inspection.dims).filter((symbol) => options.dim[symbol] === undefined);
    const text = options.json
      ? `${JSON.stringify(document, null, 2)}\n`
      : formatInspection(model, bytes, inspection, assumed, options.nodes, environment.colors);
    environment.stdout.write(text);
  } catch (error) {
    throw explainFailure(error, model);
  }
}

export function addInspectCommand(program: Command, environment: Environment): void {
  const command = program
    .command('inspect')
    .summary('describe a model without running it: operators, shapes, parameters, arithmetic, memory')
    .usage('MODEL.onnx [options]')
    .argument('<MODEL.onnx>', 'the model')
    .addHelpText('after', INSPECT_HELP)
    .action((model: string, options: InspectCommandOptions) => inspect(model, options, environment));
  for (const each of inspectOptions()) command.addOption(each);
}
