import { parseArgs } from 'node:util';
import { layerSets, type SetName } from './sets.js';

export interface Options {
  readonly adapter: string;
  readonly sets: readonly SetName[];
  readonly batches: readonly number[];
  readonly precisions: readonly ('f32' | 'f16')[];
  /** Candidates of one layer at most. */
  readonly candidates: number;
  /** For all layers together; what does not fit is left out. */
  readonly budgetSeconds: number;
  /** Times by the processor time of this process, for software adapters on a machine with other work. */
  readonly isProcessorTime: boolean;
  /** Times cuDNN on the same layers. */
  readonly isBesideCudnn: boolean;
  readonly isJson: boolean;
  /** The folder for the Markdown and JSON files, where they are to be written. */
  readonly folder?: string;
}

/** Throws an error that says which option is wrong, and what would be right. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      adapter: { type: 'string', default: process.env.TESSERA_ADAPTER || 'auto' },
      set: { type: 'string', default: Object.keys(layerSets).join(',') },
      batch: { type: 'string', default: '1,32' },
      precision: { type: 'string', default: 'f32' },
      candidates: { type: 'string', default: '16' },
      budget: { type: 'string', default: '1200' },
      processor: { type: 'boolean', default: false },
      cudnn: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      out: { type: 'string', default: 'docs/benchmarks' },
    },
  });
  return {
    adapter: values.adapter,
    sets: list(values.set, '--set', Object.keys(layerSets) as SetName[]),
    batches: values.batch.split(',').map((text) => count(text, '--batch')),
    precisions: list(values.precision, '--precision', ['f32', 'f16'] as const),
    candidates: count(values.candidates, '--candidates'),
    budgetSeconds: count(values.budget, '--budget'),
    isProcessorTime: values.processor,
    isBesideCudnn: values.cudnn,
    isJson: values.json,
    folder: values.write ? values.out : undefined,
  };
}

function list<T extends string>(text: string, option: string, allowed: readonly T[]): T[] {
  return text.split(',').map((name) => {
    const found = allowed.find((value) => value === name);
    if (found === undefined) throw new Error(`${option} ${name}: it must be of ${allowed.join(', ')}`);
    return found;
  });
}

function count(text: string, option: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option} ${text}: it must be a whole number from 1`);
  return value;
}
