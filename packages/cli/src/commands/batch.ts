import { relative, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { AdapterChoice, Precision, ValueMetadata } from '@tessera/runtime';
import { findItems, isInShard, type Item, type Shard } from '../batch/items.js';
import { runItems } from '../batch/run-items.js';
import { ResultStore } from '../batch/store.js';
import type { Environment } from '../environment.js';
import { CliError } from '../errors.js';
import { fillFeeds, planFeeds } from '../inputs/feeds.js';
import type { PixelOptions } from '../inputs/image.js';
import { readSignature } from '../inputs/signature.js';
import { precisionOption } from '../options/model.js';
import { parseDim, parseList, parseNumber, parseScale, parseStd, wholeNumber } from '../options/parsers.js';
import { prepareDirectory } from '../outputs/write.js';
import { modelSize } from '../workload.js';

/** The options of `infer batch` as commander gives them. */
interface BatchOptions extends PixelOptions {
  readonly input: readonly string[];
  readonly output: string;
  readonly shard: Shard;
  readonly dim: Readonly<Record<string, number>>;
  readonly adapter: readonly AdapterChoice[];
  readonly precision: Precision;
  readonly maxBatch: number;
  readonly memoryBudget?: number;
}

const MEBIBYTE = 2 ** 20;

function parseShard(text: string): Shard {
  const [index, count] = /^(\d+)\/(\d+)$/.exec(text)?.slice(1).map(Number) ?? [];
  if (!(count >= 1 && index < count && count <= 1e6))
    throw new InvalidArgumentError('It must be I/N with I from 0 to N-1, such as 0/8.');
  return { index, count };
}

function batchOptions(): Option[] {
  const option = (flags: string, description: string) => new Option(flags, description);
  return [
    option(
      '--input <path...>',
      'folders, which are searched, and files: .npy, .pb, .png, .jpg or .webp',
    ).makeOptionMandatory(),
    option('--output <dir>', 'folder for the results').makeOptionMandatory(),
    option('--shard <i/n>', 'do part I of N alone, I from 0; each item is in exactly one part')
      .argParser(parseShard)
      .default({ index: 0, count: 1 }, '0/1'),
    option('--dim <name=size>', 'size of a symbolic dimension of the inputs; repeatable')
      .argParser(parseDim)
      .default({}, "the files', else 1"),
    option('--max-batch <rows>', 'most items run together').argParser(wholeNumber(1)).default(16),
    option('--adapter <a>', 'adapter to open a device on; repeatable, for several GPUs')
      .argParser((text: string, previous: readonly string[]) => [...previous, text])
      .default([], 'TESSERA_ADAPTER, else auto'),
    precisionOption(),
    option('--memory-budget <MiB>', 'of GPU memory on each device (default: what it has)').argParser(parseNumber),
    option('--scale <s>', 'of pictures, as in infer run').argParser(parseScale),
    option('--mean <m[,m...]>', 'of pictures').argParser(parseList),
    option('--std <s[,s...]>', 'of pictures').argParser(parseStd),
    option('--bgr', 'give pictures blue first'),
  ];
}

const HELP = `
Each item's result is OUTPUT/ITEM.npy, or OUTPUT/ITEM/NAME.npy where the model has several outputs, with ITEM the
path below the folder given. An item whose result is there is not done again, so a run that was stopped, however it
was, goes on by the same command. Where the model has several inputs, an item is a folder with NAME.npy (or a
picture, or .pb) for each.

Exit status: 0 every item has its result, 1 failed or some have none, 2 wrong usage, 130 interrupted. What was done
stays.

Examples:
  infer batch resnet50.onnx --input photos --output features --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
  infer batch model.onnx --input data --output out --shard $JOB_COMPLETION_INDEX/16      a Kubernetes indexed job
  infer batch model.onnx --input data --output out --shard $SLURM_ARRAY_TASK_ID/16       a Slurm array from 0 to 15`;

/** How many items were done, were there already, and could not be done. */
export interface BatchSummary {
  readonly done: number;
  readonly present: number;
  readonly failed: number;
}

/** Runs a model on every item of this shard that has no result yet. */
async function batch(model: string, options: BatchOptions, environment: Environment): Promise<BatchSummary> {
  modelSize(model);
  const inputs = readSignature(model);
  requireApart(options);
  prepareDirectory('--output', options.output);
  const { createSessionPool } = await environment.loadRuntime();
  await using pool = await createSessionPool(model, {
    adapters: options.adapter.length > 0 ? options.adapter : undefined,
    precision: options.precision,
    memoryBudget: options.memoryBudget === undefined ? undefined : options.memoryBudget * MEBIBYTE,
    batching: options.maxBatch > 1 ? { maxSize: options.maxBatch, maxDelayMs: 20 } : undefined,
  });
  const store = new ResultStore(
    options.output,
    pool.outputs.map(({ name }) => name),
  );
  const counts = { done: 0, present: 0, failed: 0 };
  const names = inputs.map(({ name }) => name);
  const items = missing(someItems(options.input, names), options.shard, store, () => counts.present++);
  await runItems(items, pool, options.maxBatch * 3, {
    read: (item) => readItem(item, inputs, options),
    write: ({ id }, results) => store.put(id, results),
    onDone: () => counts.done++,
    onFailed: ({ id }, message) => {
      counts.failed++;
      environment.stderr.write(`infer: ${id}: ${message}\n`);
    },
  });
  return counts;
}

/** Results that lie among the inputs would be inputs of the next run. */
function requireApart({ input, output }: BatchOptions): void {
  const inside = input.find((path) => !relative(resolve(path), resolve(output)).startsWith('..'));
  if (inside !== undefined) throw new CliError(`--output ${output} must not lie in --input ${inside}`);
}

/** As `findItems`, for folders and files that hold at least one item. */
async function* someItems(paths: readonly string[], inputs: readonly string[]): AsyncGenerator<Item> {
  let isEmpty = true;
  for await (const item of findItems(paths, inputs)) {
    isEmpty = false;
    yield item;
  }
  if (isEmpty)
    throw new CliError(`--input ${paths.join(', ')}: there is no .npy, .pb, .png, .jpg, .jpeg or .webp file`);
}

/** This shard's items without a result. Names that would lead to one result twice are told apart by being refused. */
async function* missing(items: AsyncGenerator<Item>, shard: Shard, store: ResultStore, onPresent: () => void) {
  const underWay = new Set<string>();
  for await (const item of items) {
    if (!isInShard(item.id, shard)) continue;
    if (underWay.has(item.id)) throw new CliError(`two inputs are named "${item.id}"; give the folder above both`);
    underWay.add(item.id);
    if (store.has(item.id)) onPresent();
    else yield item;
  }
}

async function readItem({ files }: Item, inputs: readonly ValueMetadata[], options: BatchOptions) {
  const { scale, mean, std, bgr, dim } = options;
  const plan = await planFeeds(inputs, { files, dims: dim, seed: 0, pixels: { scale, mean, std, bgr } });
  const absent = plan.random.map(({ input }) => input.name);
  if (absent.length > 0) throw new CliError(`there is no file for input "${absent.join('", "')}"`);
  return fillFeeds(plan);
}

/** Adds the command `batch`: a model on every file of a folder, in a way that can be stopped and spread. */
export function addBatchCommand(program: Command, environment: Environment): void {
  const command = program
    .command('batch')
    .summary('run a model on every file of a folder, resuming where it was stopped')
    .usage('MODEL.onnx --input PATH... --output DIR [options]')
    .argument('<MODEL.onnx>', 'the model')
    .addHelpText('after', HELP)
    .action(async (model: string, options: BatchOptions) => {
      const { done, present, failed } = await batch(model, options, environment);
      environment.stdout.write(`${done} done, ${present} there already, ${failed} failed\n`);
      if (failed > 0)
        throw new CliError(
          `${failed} ${failed === 1 ? 'item' : 'items'} could not be done; the same command tries them again`,
        );
    });
  for (const each of batchOptions()) command.addOption(each);
}
