import type { Option } from 'commander';
import { jsonOption, modelOptions, option, type ModelOptions } from './model.js';
import { wholeNumber } from './parsers.js';

/** The options of `infer MODEL` as commander gives them. */
export interface RunCommandOptions extends ModelOptions {
  readonly outputDir?: string;
  readonly labels?: string;
  readonly top?: number;
  readonly runs?: number;
  readonly layers?: number;
  readonly json?: boolean;
}

/** The table of options of `infer MODEL`, in the order of --help. */
export function runOptions(): Option[] {
  return [
    ...modelOptions(),
    option('--output-dir <dir>', 'write the outputs there, as NAME.npy'),
    option('--labels <file>', 'names of the classes, one a line'),
    option('--top <k>', 'show the best K classes (default: 5 with --labels, else none)').argParser(wholeNumber(1)),
    option('--runs <n>', 'timed runs (default: about 1 s of them, at least 3)').argParser(wholeNumber(1)),
    option('--layers <n>', 'slowest layers to show (default: 10; all with --json)').argParser(wholeNumber(0)),
    jsonOption(),
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
