import type { Tensor } from '../tensor.js';
import { concatTensors } from './concat.js';
import { betweenTurns, fetchTensor, sliceAt, stackTurns } from './control.js';
import { normalizeAxis, toNumbers } from './helpers.js';
import type { InferContext, InferResult, Operator, RunContext, RunValue } from './types.js';

function infer(context: InferContext): readonly (InferResult | undefined)[] {
  return context.outputTypes('body').map((type) => type && { ...type, shape: undefined });
}

/** Which inputs are state and which are scanned, and how. */
interface ScanForm {
  readonly states: readonly RunValue[];
  readonly scanned: readonly Tensor[];
  /** Axis of each scanned input and whether it is gone through backwards; the same of each stacked output. */
  readonly inputs: readonly { readonly axis: number; readonly isReversed: boolean }[];
  readonly outputs: readonly { readonly axis: number; readonly isReversed: boolean }[];
}

async function readForm(context: RunContext, first: number): Promise<ScanForm> {
  const scannedCount = context.attributes.int('num_scan_inputs');
  const stateCount = context.subgraph('body').inputCount - scannedCount;
  const outputCount = context.subgraph('body').outputCount - stateCount;
  if (scannedCount < 1 || stateCount < 0) {
    context.fail(`num_scan_inputs is ${scannedCount}; the body takes ${scannedCount + stateCount} inputs`);
  }
  const value = (index: number) =>
    context.value(index) ?? context.fail(`input ${index} is missing, which the body takes`);
  const scanned: Tensor[] = [];
  for (let i = 0; i < scannedCount; i++) {
    scanned.push(await fetchTensor(context, value(first + stateCount + i), 'a scanned input'));
  }
  const ints = (name: string, index: number) => context.attributes.ints(name, [])[index] ?? 0;
  const directions = context.attributes.has('directions') ? 'directions' : 'scan_input_directions';
  return {
    states: Array.from({ length: stateCount }, (_, i) => value(first + i)),
    scanned,
    inputs: scanned.map(({ dims }, i) => ({
      axis: normalizeAxis(context, ints('scan_input_axes', i), dims.length),
      isReversed: ints(directions, i) !== 0,
    })),
    outputs: Array.from({ length: outputCount }, (_, i) => ({
      axis: ints('scan_output_axes', i),
      isReversed: ints('scan_output_directions', i) !== 0,
    })),
  };
}

/** One scan: final states, then the stacked outputs. */
async function scan(context: RunContext, form: ScanForm, length: number): Promise<readonly RunValue[]> {
  let { states } = form;
  const stacked: RunValue[][] = form.outputs.map(() => []);
  for (let turn = 0; turn < length; turn++) {
    await betweenTurns(context, turn);
    const slices = form.scanned.map((tensor, i) => {
      const { axis, isReversed } = form.inputs[i];
      return sliceAt(tensor, axis, isReversed ? length - 1 - turn : turn);
    });
    const results = await context.runSubgraph('body', [...states, ...slices]);
    for (const old of states) if (!results.includes(old)) context.release(old);
    states = results.slice(0, states.length);
    stacked.forEach((parts, i) => parts.push(results[states.length + i]));
  }
  const types = context.outputTypes('body').slice(states.length);
  const results: RunValue[] = [...states];
  for (const [i, parts] of stacked.entries()) {
    results.push(await stackTurns(context, parts, types[i], form.outputs[i]));
  }
  return results;
}

function lengthOf(context: RunContext, { scanned, inputs }: ScanForm): number {
  const lengths = scanned.map(({ dims }, i) => dims[inputs[i].axis]);
  if (new Set(lengths).size > 1)
    context.fail(`the scanned inputs have the lengths ${lengths.join(', ')}; they must agree`);
  return lengths[0];
}

async function run(context: RunContext): Promise<readonly RunValue[]> {
  const form = await readForm(context, 0);
  return scan(context, form, lengthOf(context, form));
}

/** Version 8: every input and output has a batch dimension in front, and input 0 may give the length of each row. */
async function runBatched(context: RunContext): Promise<readonly RunValue[]> {
  const form = await readForm(context, 1);
  const states: Tensor[] = [];
  for (const state of form.states) states.push(await fetchTensor(context, state, 'an initial state'));
  const lengths = context.optional(0);
  const rows: Tensor[][] = [];
  for (let row = 0; row < form.scanned[0].dims[0]; row++) {
    const scanned = form.scanned.map((tensor) => sliceAt(tensor, 0, row));
    const inputs = form.inputs.map(({ isReversed }) => ({ axis: 0, isReversed }));
    const rowForm = { ...form, states: states.map((state) => sliceAt(state, 0, row)), scanned, inputs };
    const length = lengths ? toNumbers(lengths)[row] : lengthOf(context, rowForm);
    const results: Tensor[] = [];
    for (const result of await scan(context, rowForm, length))
      results.push(await fetchTensor(context, result, 'a result'));
    rows.push(results);
  }
  return rows[0].map((_, i) =>
    concatTensors(
      rows.map((row) => ({ ...row[i], dims: [1, ...row[i].dims] })),
      0,
    ),
  );
}

/** Scan: the host takes the slices, the body runs as a program, and its state stays on the device. */
export const scanOperators: readonly Operator[] = [
  { type: 'Scan', domain: '', since: 8, infer, run: runBatched, valueInputs: [0] },
  { type: 'Scan', domain: '', since: 9, infer, run },
];
