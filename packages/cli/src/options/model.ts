import { Option } from 'commander';
import type { AdapterChoice, Precision } from '@tessera/runtime';
import { parseDim, parseInput, parseList, parseScale, parseShapes, parseStd, wholeNumber } from './parsers.js';

/** What every command that runs a model takes, as commander gives it. */
export interface ModelOptions {
  readonly input: readonly string[];
  readonly dim: Readonly<Record<string, number>>;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly seed: number;
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly bgr?: boolean;
  readonly adapter?: AdapterChoice;
  readonly precision: Precision;
  readonly strict?: boolean;
  readonly checkFinite?: boolean;
  readonly tuning?: string;
}

const PRECISIONS: readonly Precision[] = ['fp32', 'fp16', 'strict'];

export const option = (flags: string, description: string) => new Option(flags, description);

/** `--dim` and `--shapes`. */
function sizeOptions(): Option[] {
  return [
    option('--dim <name=size>', 'size of a symbolic dimension of the inputs; repeatable')
      .argParser(parseDim)
      .default({}, "the files', else 1"),
    option('--shapes <name:shape[,...]>', 'shapes of inputs, such as image:1x3x224x224')
      .argParser(parseShapes)
      .default({}, 'as the model says'),
  ];
}

export function adapterOption(): Option {
  return option(
    '--adapter <a>',
    "auto, gpu, system, swiftshader, or a part of an adapter's name (default: TESSERA_ADAPTER, else auto)",
  );
}

export function precisionOption(): Option {
  return option('--precision <p>', 'of the arithmetic; strict is fp32 that rounds no more than plain sums')
    .choices(PRECISIONS)
    .default('fp32');
}

/** Inputs and their sizes, pictures, adapter and precision: for commands that run the model. */
export function modelOptions(): Option[] {
  return [
    option('--input <[name=]file>', 'values of an input: .npy, .pb, .png, .jpg or .webp; repeatable')
      .argParser(parseInput)
      .default([], 'random'),
    ...sizeOptions(),
    option('--seed <n>', 'seed of the random values').argParser(wholeNumber(0)).default(0),
    option('--scale <s>', 'of pictures (default: 1/255, or 1 for integers)').argParser(parseScale),
    option('--mean <m[,m...]>', 'of pictures (default: 0)').argParser(parseList),
    option('--std <s[,s...]>', 'of pictures (default: 1)').argParser(parseStd),
    option('--bgr', 'give pictures blue first'),
    adapterOption(),
    precisionOption(),
    option('--strict', 'refuse nodes that would run on the CPU, but for arithmetic on shapes'),
    option('--check-finite', 'fail where a node gives infinities or NaN, and name it (slow)'),
    option('--tuning <file>', 'times of kernels on this adapter, to choose by'),
  ];
}

export const jsonOption = () => option('--json', 'print the report as one JSON document and nothing else');
