import { readFileSync } from 'node:fs';
import type { Tensor } from '@tessera/runtime';
import { CliError, systemReason } from '../errors.js';
import { elementCount, numericValues } from '../inputs/values.js';

export interface ClassScore {
  readonly index: number;
  /** Null without a labels file, and beyond its end. */
  readonly label: string | null;
  readonly score: number;
  /** The score itself where the scores are probabilities, else its softmax; null where the scores are neither. */
  readonly probability: number | null;
}

/** The best classes of each item of an output's batch. */
export interface Ranking {
  /**
   * What the scores are taken for. 'probabilities': from 0 to 1 with sum 1. 'independent': from 0 to 1 with another
   * sum, as after a sigmoid. 'logits': anything else; `probability` is then the softmax of the scores.
   */
  readonly scores: 'probabilities' | 'independent' | 'logits';
  readonly items: readonly (readonly ClassScore[])[];
}

/** One label a line; empty lines at the end do not count. */
export function readLabels(file: string): string[] {
  try {
    const lines = readFileSync(file, 'utf8')
      .replace(/^\ufeff/, '')
      .split(/\r?\n/);
    while (lines.length > 0 && lines.at(-1) === '') lines.pop();
    return lines.map((line) => line.trim());
  } catch (error) {
    throw new CliError(`--labels ${file} cannot be read: ${systemReason(error)}`);
  }
}

/** Number of classes of an output shaped like [C], [N,C] or [N,C,1,...]; undefined for other shapes and for one class. */
export function classCount(tensor: Tensor): number | undefined {
  const { dims } = tensor;
  const axis = dims.length === 1 ? 0 : 1;
  if (dims.length === 0 || elementCount(dims.slice(axis + 1)) !== 1) return undefined;
  return dims[axis] > 1 && !/^(bool|string|complex)/.test(tensor.dataType) ? dims[axis] : undefined;
}

function scoresAre(items: readonly (readonly number[])[]): Ranking['scores'] {
  const unit = items.every((scores) => scores.every((score) => score >= 0 && score <= 1));
  if (!unit) return 'logits';
  const summed = items.every((scores) => Math.abs(scores.reduce((sum, score) => sum + score, 0) - 1) < 0.01);
  return summed ? 'probabilities' : 'independent';
}

function softmax(scores: readonly number[]): number[] {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = scores.map((score) => Math.exp(score - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Ranks the classes of a tensor for which `classCount` gives a number; NaN scores come last. */
export function rankClasses(tensor: Tensor, top: number, labels: readonly string[] | undefined): Ranking | undefined {
  const count = classCount(tensor);
  const values = numericValues(tensor);
  if (count === undefined || values === undefined) return undefined;
  const items = Array.from({ length: values.length / count }, (_, item) =>
    Array.from({ length: count }, (_, i) => Number(values[item * count + i])),
  );
  const scores = scoresAre(items);
  return {
    scores,
    items: items.map((item) => {
      const probabilities = scores === 'logits' ? softmax(item) : item;
      const order = item.map((_, i) => i).sort((a, b) => rank(item[b]) - rank(item[a]) || a - b);
      return order.slice(0, top).map((index) => ({
        index,
        label: labels?.[index] ?? null,
        score: item[index],
        probability: scores === 'independent' ? null : probabilities[index],
      }));
    }),
  };
}

function rank(score: number): number {
  return Number.isNaN(score) ? -Number.MAX_VALUE : score;
}
