import type { Option } from 'commander';
import { GROUPINGS, ORDERS, type Grouping, type Order } from '../profile/group.js';
import { jsonOption, modelOptions, option, type ModelOptions } from './model.js';
import { wholeNumber } from './parsers.js';

export interface ProfileOptions extends ModelOptions {
  readonly iterations?: number;
  readonly group: Grouping;
  readonly sort: Order;
  readonly top: number;
  readonly trace?: string;
  readonly exportProfile?: string;
  readonly netron?: string;
  readonly csv?: string;
  readonly html?: string;
  readonly json?: boolean;
}

export function profileOptions(): Option[] {
  return [
    ...modelOptions(),
    option('--iterations <n>', 'how often each layer is timed (default: for about 3 s, 5 to 50)').argParser(
      wholeNumber(1),
    ),
    option('--group <by>', 'one line for each').choices(GROUPINGS).default('layer'),
    option('--sort <by>', 'order of the lines').choices(ORDERS).default('time'),
    option('--top <n>', 'lines to show').argParser(wholeNumber(1)).default(25),
    option('--trace <file>', 'write a trace for Perfetto or chrome://tracing'),
    option('--exportProfile <file>', "write the layers' times as trtexec does, in JSON"),
    option('--netron <file>', "write an attachment that shows each node's time in Netron"),
    option('--csv <file>', 'write the layers as a table'),
    option('--html <file>', 'write a page with timeline, layers, roofline and memory'),
    jsonOption(),
  ];
}

export const PROFILE_HELP = `
Layers are timed by timestamps around each dispatch, in runs that take turns with plain ones; on a GPU each run times a
part of them, so that it takes little longer than a plain one. GFLOP counts 2 for each multiply-add of the operator as
defined, whatever the algorithm saves. "% of roofline" is the least time that the measured ceilings of arithmetic and
memory allow, over the time taken; algorithms that save arithmetic may pass 100.

Exit status: 0 done, 1 failed, 2 wrong usage, 130 interrupted, after the report of what was measured.

Examples:
  infer profile resnet50.onnx                                 the slowest layers
  infer profile resnet50.onnx --group operator                where the time goes, by operator
  infer profile resnet50.onnx --sort roofline --top 10        the layers furthest from the ceilings
  infer profile resnet50.onnx --html report.html --trace trace.json --netron times.json`;
