import type { Option } from 'commander';
import { jsonOption, modelOptions, option, type ModelOptions } from './model.js';
import { numberFrom, wholeNumber } from './parsers.js';

export interface CompareOptions extends ModelOptions {
  readonly with: string;
  readonly rtol?: number;
  readonly atol?: number;
  readonly layers: boolean;
  readonly top: number;
  readonly save?: string;
  readonly json?: boolean;
}

export function compareOptions(): Option[] {
  return [
    option('--with <reference>', 'onnxruntime, cpu, another model, or a file or folder of values').default(
      'onnxruntime',
    ),
    ...modelOptions(),
    option('--rtol <r>', 'relative tolerance (default: 1e-3, or 2e-2 in fp16)').argParser(numberFrom(0)),
    option('--atol <a>', 'absolute tolerance (default: rtol times the largest value)').argParser(numberFrom(0)),
    option('--no-layers', 'compare the outputs alone'),
    option('--top <n>', 'layers to list').argParser(wholeNumber(1)).default(10),
    option('--save <dir>', 'write all values compared there, for --with DIR later'),
    jsonOption(),
  ];
}

export const COMPARE_HELP = `
Every value that a layer makes is compared with the reference's of the same name, in the order the layers run, so that
the first that differs shows where things go wrong. An element differs where |ours - reference| > atol + rtol *
|reference|, or where only one of them is finite. The references: onnxruntime-node's CPU provider (install
onnxruntime-node to use it); cpu, plain loops of our own, slow; another ONNX file, run here in strict fp32; a folder
that --save or infer run --output-dir wrote, or a .npy or .pb file for a model with one output.

In fp16, values beyond 65504 overflow, and those that are further off than halves explain are called imprecise. In fp32,
values that would overflow are told too.

Exit status: 0 all agree, 1 failed or something differs, 2 wrong usage, 130 interrupted, after the report.

Examples:
  infer compare resnet50.onnx                                 against onnxruntime, layer by layer
  infer compare resnet50.onnx --precision fp16                what overflows or loses precision in fp16
  infer compare after.onnx --with before.onnx                 the first node that a change of the model alters
  infer compare model.onnx --save values; infer compare model.onnx --with values --adapter swiftshader`;
