import { InvalidArgumentError, Option } from 'commander';
import type { AdapterChoice, Precision } from '@tessera/runtime';

/** The options of `infer MODEL` as commander gives them. */
export interface RunCommandOptions {
  readonly input: readonly string[];
  readonly dim: Readonly<Record<string, number>>;
  readonly seed: number;
  readonly outputDir?: string;
  readonly labels?: string;
  readonly top?: number;
  readonly adapter?: AdapterChoice;
  readonly precision: Precision;
  readonly runs?: number;
  readonly layers?: number;
  readonly scale?: number;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly bgr?: boolean;
  readonly json?: boolean;
}

function parseNumber(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new InvalidArgumentError(`"${text}" is not a number.`);
  return value;
}

/** Parser of a whole number of at least `min`. */
function wholeNumber(min: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (!Number.isSafeInteger(value) || value < min) {
      throw new InvalidArgumentError(`It must be a whole number of at least ${min}.`);
    }
    return value;
  };
}

/** `0.5` or a fraction, `1/255`. */
function parseScale(text: string): number {
  const [over, under, ...rest] = text.split('/').map(parseNumber);
  if (rest.length > 0 || under === 0)
    throw new InvalidArgumentError('It must be a number or a fraction, such as 1/255.');
  return over / (under ?? 1);
}

function parseList(text: string): number[] {
  return text.split(',').map(parseNumber);
}

function parseStd(text: string): number[] {
  const values = parseList(text);
  if (values.includes(0)) throw new InvalidArgumentError('A divisor must not be 0.');
  return values;
}

function parseDim(text: string, previous: Readonly<Record<string, number>>): Record<string, number> {
  const at = text.lastIndexOf('=');
  const size = text.slice(at + 1);
  if (at < 1 || !/^\d+$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new InvalidArgumentError('It must be NAME=SIZE with a whole number, such as batch=4.');
  }
  return { ...previous, [text.slice(0, at)]: Number(size) };
}

function parseInput(text: string, previous: readonly string[]): string[] {
  if (text === '' || text.endsWith('=')) throw new InvalidArgumentError('It must be FILE or NAME=FILE.');
  return [...previous, text];
}

const PRECISIONS: readonly Precision[] = ['fp32', 'fp16', 'strict'];

/** The table of options of `infer MODEL`, in the order of --help. */
export function runOptions(): Option[] {
  const option = (flags: string, description: string) => new Option(flags, description);
  return [
    option('--input <[name=]file>', 'values of an input: .npy, .pb, .png, .jpg or .webp; repeatable')
      .argParser(parseInput)
      .default([], 'random'),
    option('--dim <name=size>', 'size of a symbolic dimension of the inputs; repeatable')
      .argParser(parseDim)
      .default({}, "the files', else 1"),
    option('--seed <n>', 'seed of the random values').argParser(wholeNumber(0)).default(0),
    option('--output-dir <dir>', 'write the outputs there, as NAME.npy'),
    option('--labels <file>', 'names of the classes, one a line'),
    option('--top <k>', 'show the best K classes (default: 5 with --labels, else none)').argParser(wholeNumber(1)),
    option('--scale <s>', 'of pictures, see below (default: 1/255, or 1 for integers)').argParser(parseScale),
    option('--mean <m[,m...]>', 'of pictures, see below (default: 0)').argParser(parseList),
    option('--std <s[,s...]>', 'of pictures, see below (default: 1)').argParser(parseStd),
    option('--bgr', 'give pictures blue first'),
    option(
      '--adapter <a>',
      "auto, gpu, system, swiftshader, or a part of an adapter's name (default: TESSERA_ADAPTER, else auto)",
    ),
    option('--precision <p>', 'of the arithmetic').choices(PRECISIONS).default('fp32'),
    option('--runs <n>', 'timed runs (default: about 1 s of them, at least 3)').argParser(wholeNumber(1)),
    option('--layers <n>', 'slowest layers to show (default: 10; all with --json)').argParser(wholeNumber(0)),
    option('--json', 'print the report as one JSON document and nothing else'),
  ];
}

/** What --help says after the options. */
export const RUN_HELP = `
Inputs:
  A FILE without NAME= goes to the first input that has none yet. A NAME given again stacks its files along the
  batch. Arrays must have the input's shape. Integers and bools are converted where every value is exact in the
  input's type; floats to narrower floats, rounded; floats never to integers. Inputs without a file are random:
  standard normal floats, integers from 0 to 9.

Pictures:
  For inputs shaped [N,C,H,W] or [N,H,W,C] with C of 1, 3 or 4, [C,H,W], [H,W,C] or [N,H,W]. A picture is turned
  by its EXIF orientation and stretched (bilinear) to HxW; symbolic H and W take --dim or its own size. Then
    value = (pixel * scale - mean) / std        with pixel from 0 to 255
  --mean and --std are one number, or one for each channel in the tensor's order (blue first with --bgr). Gray is
  0.299 R + 0.587 G + 0.114 B. Inputs of integers take the pixels as they are, unless --scale says otherwise.

Exit status: 0 done, 1 failed, 2 wrong usage. TESSERA_DEBUG=1 adds the stack to an error.

Examples:
  infer mnist.onnx                                            random input, times and layers
  infer resnet50.onnx --input cat.jpg --labels imagenet.txt \\
      --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225        classify a picture
  infer bert.onnx --dim batch=4 --dim seq=128 --runs 50       sizes of symbolic dimensions
  infer model.onnx --input x=a.npy --input y=b.npy --output-dir out --json > report.json`;
