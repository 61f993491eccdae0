import type { Option } from 'commander';
import { PEERS, type PeerName } from '../peer/onnxruntime.js';
import { jsonOption, modelOptions, option, type ModelOptions } from './model.js';
import { numberFrom, parsePercentiles, wholeNumber } from './parsers.js';

export interface BenchOptions extends ModelOptions {
  readonly warmUp: number;
  readonly duration: number;
  readonly iterations: number;
  readonly percentile: readonly number[];
  readonly peer?: PeerName;
  readonly failAbove?: number;
  readonly baseline?: string;
  readonly threshold: number;
  readonly json?: boolean;
}

export function benchOptions(): Option[] {
  return [
    ...modelOptions(),
    option('--warmUp <ms>', 'run this long before timing').argParser(numberFrom(0)).default(200),
    option('--duration <s>', 'time runs for at least this long').argParser(numberFrom(0)).default(3),
    option('--iterations <n>', 'time at least so many runs').argParser(wholeNumber(1)).default(10),
    option('--percentile <p[,p...]>', 'percentiles to report')
      .argParser(parsePercentiles)
      .default([90, 95, 99], '90,95,99'),
    option('--peer <runtime>', 'run the model in this runtime too, in turns').choices(Object.keys(PEERS)),
    option('--fail-above <ms>', 'end with status 1 where the median latency is above it').argParser(numberFrom(0)),
    option('--baseline <file>', 'compare with a report of bench --json; status 1 where a time grew too much'),
    option('--threshold <percent>', 'by how much a time may grow, with --baseline')
      .argParser(numberFrom(0))
      .default(10),
    jsonOption(),
  ];
}

export const BENCH_HELP = `
Latency is from inputs in host memory to outputs in host memory. Its parts: H2D (the inputs handed to the queue),
Enqueue (commands recorded and submitted), GPU Compute (between two timestamps around all dispatches), Launch and Wait
(from the submission to the results, without the GPU's time), D2H (the results copied out). The layers are timed in
runs of their own. Inputs and pictures are as for infer run.

The peer onnxruntime is onnxruntime-node's WebGPU provider, onnxruntime-cpu its CPU provider; install onnxruntime-node
to use them. With --baseline, layers below 1% of the time do not count.

Exit status: 0 done, 1 failed, too slow, or slower than the baseline, 2 wrong usage, 130 interrupted, after the report
of what was measured.

Examples:
  infer bench resnet50.onnx                                       latency, throughput and where the time goes
  infer bench resnet50.onnx --shapes input:8x3x224x224 --duration 10
  infer bench resnet50.onnx --peer onnxruntime                    the ratio to another runtime
  infer bench resnet50.onnx --json > before.json                  then, after a change:
  infer bench resnet50.onnx --baseline before.json --threshold 5 --fail-above 20`;
