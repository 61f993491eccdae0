import type { Command } from 'commander';
import type { Environment } from '../environment.js';
import { CliError } from '../errors.js';
import { formatExplanation } from '../explain/human.js';
import { differingPicks, explainLayer, readExpectation, type ExplainReport } from '../explain/report.js';
import { EXPLAIN_HELP, explainOptions, type ExplainOptions } from '../options/explain.js';
import { modelSize, withWorkload } from '../workload.js';

async function explain(model: string, options: ExplainOptions, environment: Environment): Promise<ExplainReport> {
  return withWorkload(model, options, environment, async ({ session, plan }) => {
    await session.prepare(plan.dims);
    return {
      schema: 'tessera.explain',
      version: 1,
      model,
      adapter: session.report.adapter,
      precision: options.precision,
      dims: plan.dims,
      assumedDims: plan.assumed,
      layers: session.explain().map(explainLayer),
    };
  });
}

export function addExplainCommand(program: Command, environment: Environment): void {
  const command = program
    .command('explain')
    .summary('say which kernel computes each convolution and matrix product, and why')
    .usage('MODEL.onnx [options]')
    .argument('<MODEL.onnx>', 'the model')
    .addHelpText('after', EXPLAIN_HELP)
    .action(async (model: string, options: ExplainOptions) => {
      modelSize(model);
      const expected = options.assert === undefined ? undefined : readExpectation(options.assert);
      const report = await explain(model, options, environment);
      environment.stdout.write(
        options.json
          ? `${JSON.stringify(report, null, 2)}\n`
          : formatExplanation(report, options.all ?? false, environment.colors),
      );
      const different = expected ? differingPicks(report, expected) : [];
      if (different.length > 0) {
        const more = different.length > 3 ? `; and ${different.length - 3} more` : '';
        throw new CliError(`picks differ from ${options.assert}: ${different.slice(0, 3).join('; ')}${more}`);
      }
    });
  for (const each of explainOptions()) command.addOption(each);
}
