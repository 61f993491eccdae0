import type { Option } from 'commander';
import type { AdapterChoice, Precision } from '@tessera/runtime';
import { parseDim, wholeNumber } from './parsers.js';
import { adapterOption, jsonOption, option, precisionOption } from './model.js';

export interface InspectCommandOptions {
  readonly dim: Readonly<Record<string, number>>;
  readonly precision: Precision;
  readonly nodes: number;
  readonly json?: boolean;
}

export interface DoctorOptions extends Omit<InspectCommandOptions, 'nodes'> {
  readonly adapter?: AdapterChoice;
  readonly strict?: boolean;
}

const dimOption = () =>
  option('--dim <name=size>', 'size of a symbolic dimension of the inputs; repeatable')
    .argParser(parseDim)
    .default({}, '1');

export function inspectOptions(): Option[] {
  return [
    dimOption(),
    precisionOption(),
    option('--nodes <n>', 'nodes of the graph to show (all with --json)').argParser(wholeNumber(0)).default(40),
    jsonOption(),
  ];
}

export function doctorOptions(): Option[] {
  return [
    adapterOption(),
    dimOption(),
    precisionOption(),
    option('--strict', 'end with status 1 where a node of the model would not run on the GPU'),
    jsonOption(),
  ];
}

export const INSPECT_HELP = `
Needs no GPU, and works on models that cannot run. MACs are the multiply-adds of convolutions, matrix products,
recurrences and attention. The memory plan is for the least that WebGPU promises; infer doctor MODEL is for an adapter.

Exit status: 0 done, 1 not a model, 2 wrong usage.

Examples:
  infer inspect resnet50.onnx                     inputs, outputs, operators, parameters, MACs, memory
  infer inspect resnet50.onnx --dim N=8 --nodes 1000
  infer inspect resnet50.onnx --json | jq .operators`;

export const DOCTOR_HELP = `
Without a model: the adapters of this machine, what the one in use can do, its ceilings as measured, and what is missing
with how to get it. With one: also which of its nodes would not run on the GPU and why, and how much memory it takes.

Exit status: 0 all is well, 1 there is no adapter, the model cannot run, or not as --strict asks, 2 wrong usage.

Examples:
  infer doctor
  infer doctor model.onnx --strict
  infer doctor --adapter swiftshader --json`;
