import type { TuningFile } from '@tessera/runtime';
import { median, percentile } from '../../verify/support/measure.js';
import { messageOf } from '../../verify/support/report.js';
import { relativeDifference } from '../../verify/zoo/compare.js';
import type { Located } from './locate.js';
import { batchesOf, inputsOf } from './inputs.js';
import type { ContenderName, CreationParts, First, GpuFigures, Opened } from './messages.js';
import type { Options } from './options.js';
import { Participant } from './participant.js';

/** What was measured of one contender with one batch; times in milliseconds. */
export interface Figures {
  readonly model: string;
  readonly batch: number;
  readonly contender: ContenderName;
  readonly adapter?: string;
  readonly driver?: string;
  readonly createMs?: number;
  readonly createParts?: CreationParts;
  readonly firstRunMs?: number;
  readonly medianMs?: number;
  readonly p95Ms?: number;
  /** As `medianMs`, with the input written before into memory that the GPU copies from. */
  readonly stagedMs?: number;
  readonly runs?: number;
  readonly imagesPerSecond?: number;
  readonly gpu?: GpuFigures;
  /** Over the GPU time of the whole run. */
  readonly teraflops?: number;
  /** max|output - reference| / max|reference|, the reference being onnxruntime's CPU provider. */
  readonly difference?: number;
  /** Why there is nothing. */
  readonly failure?: string;
}

interface Entry {
  readonly participant: Participant;
  readonly opened?: Opened;
  readonly firsts: Map<number, First>;
  readonly times: Map<number, number[]>;
  readonly stagedTimes: Map<number, number[]>;
  readonly gpu: Map<number, GpuFigures>;
  /** Times known when it had tuned. */
  readonly tuning?: TuningFile;
  failure?: string;
}

/**
 * All contenders on one model: each in a process of its own, opened one after another, then timed in turns. Those that tune start
 * with what was `known` and what the ones before have timed, and all of it is given.
 */
export async function measureModel(
  model: Located,
  options: Options,
  env: Readonly<Record<string, string>>,
  known?: TuningFile,
): Promise<{ readonly figures: Figures[]; readonly tuning?: TuningFile }> {
  const batches = batchesOf(inputsOf(model.path), options.batches);
  const reference = options.isChecked && !options.contenders.includes('ort-cpu') ? (['ort-cpu'] as const) : [];
  const entries: Entry[] = [];
  let tuning = known;
  try {
    for (const name of [...options.contenders, ...reference]) {
      const entry = await enter(name, model, batches, { ...options, tuning: tuning ?? options.tuning }, env);
      tuning = entry.tuning ?? tuning;
      entries.push(entry);
    }
    const timed = entries.filter(({ participant }) => options.contenders.includes(participant.name));
    for (let round = 0; round < options.rounds; round++) {
      for (const entry of round % 2 === 0 ? timed : [...timed].reverse()) await takeTurn(entry, batches, options);
    }
    for (const entry of timed) await readGpu(entry, batches, options);
    const wanted = entries.find(({ participant }) => participant.name === 'ort-cpu');
    const rows = batches.flatMap((batch) =>
      timed.map((entry) => figures(model.name, batch, batches[0], entry, wanted)),
    );
    return { figures: rows, tuning };
  } finally {
    for (const { participant } of entries) participant.close();
  }
}

/** Does a contender's work; what fails once keeps it out of all that follows. */
async function attempt(entry: Entry, work: () => Promise<void>): Promise<void> {
  if (entry.failure !== undefined) return;
  try {
    await work();
  } catch (error) {
    entry.failure = messageOf(error);
  }
}

async function enter(
  name: ContenderName,
  model: Located,
  batches: readonly number[],
  { tuning, tuneMs, sizes }: Omit<Options, 'tuning'> & { readonly tuning?: TuningFile | string },
  env: Readonly<Record<string, string>>,
): Promise<Entry> {
  const participant = new Participant(name, env);
  let opened: Opened | undefined;
  let tuned: TuningFile | undefined;
  const isOurs = !name.startsWith('ort');
  const entry: Entry = {
    participant,
    firsts: new Map(),
    times: new Map(),
    stagedTimes: new Map(),
    gpu: new Map(),
  };
  await attempt(entry, async () => {
    opened = await participant.ask({ kind: 'open', model: model.path, batch: batches[0], sizes, tuning });
    for (const batch of batches) {
      if (isOurs && tuneMs > 0) {
        tuned = (await participant.ask({ kind: 'tune', batch, budgetMs: tuneMs })).tuning;
      }
      entry.firsts.set(batch, await participant.ask({ kind: 'first', batch }));
    }
  });
  return { ...entry, opened, tuning: tuned };
}

async function takeTurn(entry: Entry, batches: readonly number[], { warmUpMs, budgetMs }: Options): Promise<void> {
  await attempt(entry, async () => {
    for (const batch of batches) {
      const { times, stagedTimes } = await entry.participant.ask({ kind: 'turn', batch, warmUpMs, budgetMs });
      entry.times.set(batch, [...(entry.times.get(batch) ?? []), ...times]);
      entry.stagedTimes.set(batch, [...(entry.stagedTimes.get(batch) ?? []), ...stagedTimes]);
    }
  });
}

async function readGpu(entry: Entry, batches: readonly number[], { profileRuns }: Options): Promise<void> {
  if (entry.participant.name.startsWith('ort')) return;
  await attempt(entry, async () => {
    for (const batch of batches) {
      entry.gpu.set(batch, (await entry.participant.ask({ kind: 'gpu', batch, runs: profileRuns })).figures);
    }
  });
}

function figures(model: string, batch: number, opening: number, entry: Entry, reference: Entry | undefined): Figures {
  const { participant, opened, failure } = entry;
  const times = entry.times.get(batch) ?? [];
  const stagedTimes = entry.stagedTimes.get(batch) ?? [];
  const first = entry.firsts.get(batch);
  const wanted = reference === entry ? undefined : reference?.firsts.get(batch);
  const medianMs = times.length > 0 ? median(times) : undefined;
  const gpu = entry.gpu.get(batch);
  return {
    model,
    batch,
    contender: participant.name,
    adapter: opened?.adapter,
    driver: opened?.driver,
    createMs: batch === opening ? opened?.createMs : undefined,
    createParts: batch === opening ? opened?.parts : undefined,
    firstRunMs: first?.firstRunMs,
    medianMs,
    p95Ms: times.length > 0 ? percentile(times, 0.95) : undefined,
    stagedMs: stagedTimes.length > 0 ? median(stagedTimes) : undefined,
    runs: times.length,
    imagesPerSecond: medianMs && (batch * 1000) / medianMs,
    gpu,
    teraflops: gpu?.wholeMs && gpu.flops ? gpu.flops / gpu.wholeMs / 1e9 : undefined,
    difference: first && wanted ? greatestDifference(first, wanted) : undefined,
    failure: failure ?? (medianMs === undefined ? 'it was not timed' : undefined),
  };
}

function greatestDifference(ours: First, reference: First): number {
  const each = Object.entries(reference.outputs).map(([name, wanted]) =>
    relativeDifference(name, ours.outputs[name], wanted),
  );
  return Math.max(...each);
}
