import type { Option } from 'commander';
import { jsonOption, modelOptions, option, type ModelOptions } from './model.js';
import { numberFrom } from './parsers.js';

export interface ExplainOptions extends ModelOptions {
  readonly assert?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export interface TuneCommandOptions extends ModelOptions {
  readonly budget: number;
  readonly output?: string;
  readonly json?: boolean;
}

export function explainOptions(): Option[] {
  return [
    ...modelOptions(),
    option('--all', 'list the candidates that refuse a layer too, and why'),
    option('--assert <file>', 'end with status 1 where a pick is not that of a report of explain --json'),
    jsonOption(),
  ];
}

export function tuneOptions(): Option[] {
  return [
    ...modelOptions(),
    option('--budget <s>', 'seconds after which no further problem is begun').argParser(numberFrom(0)).default(60),
    option('--output <file>', 'where the times go (default: MODEL.tune.json)'),
    jsonOption(),
  ];
}

export const EXPLAIN_HELP = `
For each convolution and matrix product: every algorithm with the time that is predicted of it, the time it took where
it was tuned, how near the ceilings of the adapter that is, and which is used and why. infer tune measures; --tuning
takes what it wrote.

Exit status: 0 done, 1 failed or a pick differs from --assert, 2 wrong usage.

Examples:
  infer explain resnet50.onnx                             which kernel computes each layer, and why
  infer explain resnet50.onnx --tuning resnet50.tune.json
  infer explain resnet50.onnx --json > picks.json         then, in continuous integration:
  infer explain resnet50.onnx --assert picks.json`;

export const TUNE_HELP = `
Times the kernels that could compute the model's convolutions and matrix products with these sizes, those first that
take most, and writes the times to a file; --tuning of the other commands and SessionOptions.tuning take it. A file
given by --tuning is added to. The times hold for this adapter, driver and version of the kernels.

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted, after what was timed is written.

Examples:
  infer tune resnet50.onnx --budget 60
  infer tune resnet50.onnx --shapes input:8x3x224x224 --tuning resnet50.tune.json --output resnet50.tune.json
  infer bench resnet50.onnx --tuning resnet50.tune.json`;
