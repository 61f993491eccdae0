import {
  apart,
  averagedProductKey,
  convKey,
  gemmKey,
  mergeTuning,
  pooledConvKey,
  productOfMeans,
  tuneAveragedProduct,
  tuneConv,
  tuneGemm,
  tunePooledConv,
  tuningFile,
  type ChoiceOptions,
  type DeviceProfile,
  type PlanTimer,
  type TuningFile,
  type TuningRecord,
} from '@tessera/conv-kernels';
import type { TuneOptions } from '../api.js';
import { explainChoice, gemmOptions, type Choice } from '../program/choices.js';
import type { ProgramChoice } from '../program/types.js';

/** Milliseconds spent without a budget given. */
const defaultBudgetMs = 60_000;

/** What can be timed. */
type Tunable = Exclude<Choice, { kind: 'conv-transpose' }>;

/** Equal keys stand for problems of equal times. */
function keyOf(choice: Tunable): string {
  switch (choice.kind) {
    case 'conv':
      return convKey(choice.problem);
    case 'gemm':
      return gemmKey(choice.problem, choice.constantB);
    case 'averaged-product':
      return averagedProductKey(choice.problem);
    case 'pooled-conv':
      return pooledConvKey(choice.problem);
  }
}

/** What there is to time for a choice: of two steps that one kernel may do, also the one that is tuned apart. */
function partsOf(choice: Choice): readonly Tunable[] {
  switch (choice.kind) {
    case 'conv-transpose':
      return [];
    case 'averaged-product':
      return [choice, { kind: 'gemm', problem: productOfMeans(choice.problem), constantB: true }];
    case 'pooled-conv':
      return [choice, { kind: 'conv', problem: choice.problem.conv }];
    default:
      return [choice];
  }
}

/** Choices of equal times as one, those first that the program spends most on as far as known. */
function byWeight(choices: readonly ProgramChoice[], profile: DeviceProfile, options: ChoiceOptions): Tunable[] {
  const groups = new Map<string, { choice: Tunable; seconds: number }>();
  for (const choice of choices.flatMap((each) => partsOf(each.choice))) {
    const key = keyOf(choice);
    const candidates = explainChoice(choice, profile, options);
    if (!candidates.some(({ algorithm, refusal }) => algorithm !== apart && refusal === undefined)) continue;
    const [best] = candidates;
    const seconds = best?.measuredSeconds ?? best?.predictedSeconds ?? 0;
    groups.set(key, { choice, seconds: (groups.get(key)?.seconds ?? 0) + seconds });
  }
  return [...groups.values()].sort((a, b) => b.seconds - a.seconds).map(({ choice }) => choice);
}

function tuneChoice(choice: Tunable, profile: DeviceProfile, time: PlanTimer, options: ChoiceOptions) {
  switch (choice.kind) {
    case 'conv':
      return tuneConv(choice.problem, profile, time, options);
    case 'gemm':
      return tuneGemm(choice.problem, profile, time, gemmOptions(options, choice.constantB));
    case 'averaged-product':
      return tuneAveragedProduct(choice.problem, profile, time, options);
    case 'pooled-conv':
      return tunePooledConv(choice.problem, profile, time, options);
  }
}

/**
 * Times the candidates of a program's convolutions and matrix products, the heaviest first, until all are done or the
 * budget is spent; what `known` has already is not timed again. Gives `known` with what was timed.
 */
export async function tuneChoices(
  choices: readonly ProgramChoice[],
  profile: DeviceProfile,
  time: PlanTimer,
  options: ChoiceOptions,
  known: TuningFile,
  { budgetMs = defaultBudgetMs, signal, onProgress }: TuneOptions,
): Promise<TuningFile> {
  const started = performance.now();
  const queue = byWeight(choices, profile, options);
  const records: TuningRecord[] = [];
  for (const [i, choice] of queue.entries()) {
    const isSpent = i > 0 && performance.now() - started > budgetMs;
    if (signal?.aborted || isSpent) break;
    const record = await tuneChoice(choice, profile, time, options);
    records.push(record);
    const [best] = record.candidates;
    const winner = best && `${best.algorithm} ${best.variant}`;
    const elapsedMs = performance.now() - started;
    onProgress?.({
      done: i + 1,
      total: queue.length,
      problem: record.problem,
      winner,
      seconds: best?.seconds,
      elapsedMs,
    });
  }
  return mergeTuning(known, tuningFile(records));
}
