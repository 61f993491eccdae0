import { recurrentActivations, type RecurrentActivation } from './recurrent-activations.js';
import type { NodeContext } from './types.js';

export type Cell = 'rnn' | 'gru' | 'lstm';

/** Gates of a cell, in the order of W's rows. */
export const gateCounts: Readonly<Record<Cell, number>> = { rnn: 1, gru: 3, lstm: 4 };

const defaultActivations: Readonly<Record<Cell, readonly string[]>> = {
  rnn: ['Tanh'],
  gru: ['Sigmoid', 'Tanh'],
  lstm: ['Sigmoid', 'Tanh', 'Tanh'],
};

/** What a recurrent node's attributes say. */
export interface RecurrentSettings {
  readonly cell: Cell;
  /** For each direction, whether it runs from the last step to the first. */
  readonly reversed: readonly boolean[];
  /** Activations of each direction: f, then g and h where the cell has them. */
  readonly activations: readonly (readonly RecurrentActivation[])[];
  readonly clip: number | undefined;
  /** X is [batch, step, input] instead of [step, batch, input], and the batch comes first in all else. */
  readonly isBatchFirst: boolean;
  /** GRU: the reset gate is applied after the product with R. */
  readonly linearBeforeReset: boolean;
  /** LSTM: the forget gate is one less the input gate. */
  readonly inputForget: boolean;
}

const directions: Readonly<Record<string, readonly boolean[]>> = {
  forward: [false],
  reverse: [true],
  bidirectional: [false, true],
};

export function recurrentSettings(context: NodeContext, cell: Cell): RecurrentSettings {
  const { attributes } = context;
  const direction = attributes.string('direction', 'forward');
  const reversed =
    directions[direction] ??
    context.fail(`direction is "${direction}"; "forward", "reverse" or "bidirectional" is right`);
  const defaults = defaultActivations[cell];
  const all = recurrentActivations(context, defaults, reversed.length);
  return {
    cell,
    reversed,
    activations: reversed.map((_, i) => all.slice(i * defaults.length, (i + 1) * defaults.length)),
    clip: attributes.has('clip') ? attributes.float('clip') : undefined,
    isBatchFirst: attributes.int('layout', 0) === 1,
    linearBeforeReset: cell === 'gru' && attributes.int('linear_before_reset', 0) !== 0,
    inputForget: cell === 'lstm' && attributes.int('input_forget', 0) !== 0,
  };
}

/** The sizes of a node whose shapes are known. */
export interface RecurrentSizes {
  readonly steps: number;
  readonly batch: number;
  readonly input: number;
  readonly hidden: number;
  readonly directions: number;
}

export function recurrentSizes(
  settings: RecurrentSettings,
  x: readonly number[],
  r: readonly number[],
): RecurrentSizes {
  const [steps, batch] = settings.isBatchFirst ? [x[1], x[0]] : x;
  return { steps, batch, input: x[2], hidden: r[2], directions: settings.reversed.length };
}

/** Where elements of Y lie, in elements: [step, direction, batch, hidden], or batch first. */
export function outputStrides(settings: RecurrentSettings, sizes: RecurrentSizes) {
  const { batch, hidden, directions, steps } = sizes;
  return settings.isBatchFirst
    ? { step: directions * hidden, direction: hidden, batch: steps * directions * hidden }
    : { step: directions * batch * hidden, direction: batch * hidden, batch: hidden };
}

/** Where elements of a state lie, in elements: [direction, batch, hidden], or batch first. */
export function stateStrides(settings: RecurrentSettings, sizes: RecurrentSizes) {
  const { batch, hidden, directions } = sizes;
  return settings.isBatchFirst
    ? { direction: hidden, batch: directions * hidden }
    : { direction: batch * hidden, batch: hidden };
}
