import type { Program } from './types.js';

/** Which allocation each buffer slot of a program lives in. Weights and inputs have one of their own. */
export interface MemoryPlan {
  /** Bytes of each shared allocation (activations and outputs). */
  readonly allocations: readonly number[];
  /** Slot index to index into `allocations`; undefined for weights and inputs. */
  readonly placement: readonly (number | undefined)[];
  /** Sum of `allocations`. */
  readonly activationBytes: number;
  readonly inputBytes: number;
  readonly weightBytes: number;
}

export interface Lifetime {
  readonly slot: number;
  readonly first: number;
  readonly last: number;
}

/** The steps between which each activation must keep its content; outputs keep theirs to the end. */
export function lifetimes(program: Program): Lifetime[] {
  const spans = new Map<number, { first: number; last: number }>();
  const touch = (slot: number, step: number) => {
    if (program.buffers[slot].kind !== 'activation') return;
    const span = spans.get(slot);
    if (span) span.last = step;
    else spans.set(slot, { first: step, last: step });
  };
  // An input may be copied into its operand before the first step, instead of being converted by one.
  for (const { operand } of program.inputs) touch(operand.buffer, 0);
  program.steps.forEach((step, index) => step.buffers.forEach((slot) => touch(slot, index)));
  if (program.checks) touch(program.checks.counts.operand.buffer, program.steps.length);
  for (const output of program.outputs) if ('operand' in output) touch(output.operand.buffer, program.steps.length);
  return [...spans].map(([slot, span]) => ({ slot, ...span })).sort((a, b) => a.first - b.first);
}

/**
 * Reuses allocations by lifetime: each activation takes the smallest free allocation that holds it, else grows the
 * largest free one, else opens a new one. An allocation is free again in the step after its last reader, since one
 * dispatch may not bind a buffer both for reading and for writing.
 */
export function planMemory(program: Program): MemoryPlan {
  const allocations: number[] = [];
  const busyUntil: number[] = [];
  const placement = program.buffers.map((): number | undefined => undefined);
  for (const { slot, first, last } of lifetimes(program)) {
    const byteLength = program.buffers[slot].byteLength;
    const free = allocations.map((_, i) => i).filter((i) => busyUntil[i] < first);
    const fitting = free.filter((i) => allocations[i] >= byteLength).sort((a, b) => allocations[a] - allocations[b]);
    const largest = free.sort((a, b) => allocations[b] - allocations[a]);
    const choice = fitting[0] ?? largest[0] ?? allocations.length;
    allocations[choice] = Math.max(allocations[choice] ?? 0, byteLength);
    busyUntil[choice] = last;
    placement[slot] = choice;
  }
  const sum = (kind: string) =>
    program.buffers.filter((b) => b.kind === kind).reduce((total, b) => total + b.byteLength, 0);
  return {
    allocations,
    placement,
    activationBytes: allocations.reduce((total, bytes) => total + bytes, 0),
    inputBytes: sum('input'),
    weightBytes: sum('weight'),
  };
}
