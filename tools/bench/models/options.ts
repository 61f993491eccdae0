import { parseArgs } from 'node:util';
import type { Sizes } from './inputs.js';
import { contenderNames, type ContenderName } from './messages.js';

export interface Options {
  readonly models: readonly string[];
  /** Where NAME.onnx is looked for; without it, in the folder of test data. */
  readonly folder?: string;
  readonly batches: readonly number[];
  /** Of open dimensions that are not the batch, by name. */
  readonly sizes: Sizes;
  readonly contenders: readonly ContenderName[];
  readonly adapter: string;
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly budgetMs: number;
  readonly profileRuns: number;
  readonly isChecked: boolean;
  /** Times of kernels to start from. */
  readonly tuning?: string;
  /** Milliseconds each of this project's contenders may tune for a batch before the turns; 0 does not. */
  readonly tuneMs: number;
  /** Path of the JSON and Markdown files, without their extension. */
  readonly out?: string;
}

/** Architectures of the zoo. */
export const defaultModels = 'tv_resnet18,tv_resnet50,tv_mobilenet_v2';

const precisions = ['fp32', 'fp16', 'strict'];
const peers = ['ort-webgpu', 'ort-cpu'];

function list(text: string, option: string, allowed: readonly string[]): ContenderName[] {
  const names = text.split(',').filter((name) => name !== '');
  const wrong = names.find((name) => !allowed.includes(name));
  if (wrong !== undefined) throw new Error(`${option} ${wrong}: it must be of ${allowed.join(', ')}`);
  return contenderNames.filter((name) => names.includes(name));
}

function count(text: string, option: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${option} ${text}: it must be a whole number from ${least}`);
  return value;
}

function size(text: string): [string, number] {
  const [, name, value] = /^(.+)=([^=]*)$/.exec(text) ?? [];
  if (name === undefined) throw new Error(`--dim ${text}: it must be NAME=SIZE`);
  return [name, count(value, `--dim ${name}`, 1)];
}

/** Throws an error that says which option is wrong, and what would be right. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      models: { type: 'string', default: defaultModels },
      folder: { type: 'string' },
      batches: { type: 'string', default: '1,8,32' },
      dim: { type: 'string', multiple: true, default: [] },
      precision: { type: 'string', default: 'fp32' },
      peers: { type: 'string', default: 'ort-webgpu' },
      adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
      rounds: { type: 'string', default: '2' },
      warmup: { type: 'string', default: '400' },
      budget: { type: 'string', default: '800' },
      'profile-runs': { type: 'string', default: '5' },
      unchecked: { type: 'boolean', default: false },
      tuning: { type: 'string' },
      tune: { type: 'string', default: '0' },
      out: { type: 'string' },
    },
  });
  return {
    models: values.models.split(',').filter((name) => name !== ''),
    folder: values.folder,
    batches: values.batches.split(',').map((text) => count(text, '--batches', 1)),
    sizes: Object.fromEntries(values.dim.map(size)),
    contenders: [...list(values.precision, '--precision', precisions), ...list(values.peers, '--peers', peers)],
    adapter: values.adapter,
    rounds: count(values.rounds, '--rounds', 1),
    warmUpMs: count(values.warmup, '--warmup', 0),
    budgetMs: count(values.budget, '--budget', 0),
    profileRuns: count(values['profile-runs'], '--profile-runs', 1),
    isChecked: !values.unchecked,
    tuning: values.tuning,
    tuneMs: count(values.tune, '--tune', 0),
    out: values.out,
  };
}
