import type { Tensor } from '../tensor.js';
import { areNumbers, fromNumbers, showDims, toNumbers } from './helpers.js';
import type { EvaluateContext, NodeContext, Operator } from './types.js';

type Item = string | number;

interface Vocabulary {
  /** Index of the output column by n-gram, its items joined. */
  readonly columns: ReadonlyMap<string, number>;
  readonly weights: readonly number[];
  readonly width: number;
}

const keyOf = (items: readonly Item[]) => JSON.stringify(items);

/** The n-grams of the pool: those of length n begin at ngram_counts[n - 1]. */
function readVocabulary(context: NodeContext): Vocabulary {
  const { attributes } = context;
  const pool: readonly Item[] = attributes.has('pool_strings')
    ? attributes.strings('pool_strings')
    : attributes.ints('pool_int64s');
  const starts = attributes.ints('ngram_counts');
  const indexes = attributes.ints('ngram_indexes');
  const columns = new Map<string, number>();
  let gram = 0;
  starts.forEach((start, i) => {
    const length = i + 1;
    for (let at = start; at < (starts[i + 1] ?? pool.length); at += length) {
      const column =
        indexes[gram++] ?? context.fail(`ngram_indexes has ${indexes.length} values; the pool has more n-grams`);
      columns.set(keyOf(pool.slice(at, at + length)), column);
    }
  });
  const width = indexes.reduce((most, index) => Math.max(most, index + 1), 0);
  return { columns, weights: weightsOf(context, indexes, width), width };
}

function weightsOf(context: NodeContext, indexes: readonly number[], width: number): readonly number[] {
  const weights = new Array<number>(width).fill(1);
  if (!context.attributes.has('weights')) return weights;
  context.attributes.floats('weights').forEach((weight, i) => (weights[indexes[i]] = weight));
  return weights;
}

/** Counts of the n-grams in a row, with up to max_skip_count items left out between their items. */
function countGrams(context: NodeContext, row: readonly Item[], { columns, width }: Vocabulary): Float64Array {
  const { attributes } = context;
  const counts = new Float64Array(width);
  const [min, max] = [attributes.int('min_gram_length'), attributes.int('max_gram_length')];
  const skips = attributes.int('max_skip_count');
  for (let length = min; length <= max; length++) {
    const strides = length === 1 ? 1 : skips + 1;
    for (let stride = 1; stride <= strides; stride++) {
      for (let first = 0; first + (length - 1) * stride < row.length; first++) {
        const column = columns.get(keyOf(Array.from({ length }, (_, i) => row[first + i * stride])));
        if (column !== undefined) counts[column] += 1;
      }
    }
  }
  return counts;
}

const modes: Readonly<Record<string, (count: number, weight: number) => number>> = {
  TF: (count) => count,
  IDF: (count, weight) => (count > 0 ? weight : 0),
  TFIDF: (count, weight) => count * weight,
};

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  if (x.dims.length < 1 || x.dims.length > 2)
    context.fail(`the input has the shape ${showDims(x.dims)}; it must be [C] or [N, C]`);
  const mode = context.attributes.string('mode');
  const value = modes[mode] ?? context.fail(`mode is "${mode}"; it must be TF, IDF or TFIDF`);
  const vocabulary = readVocabulary(context);
  const items: readonly Item[] = x.dataType === 'string' ? (x.data as readonly string[]) : [...toNumbers(x)];
  const length = x.dims.at(-1)!;
  const rows = Array.from({ length: x.dims.length === 2 ? x.dims[0] : 1 }, (_, i) =>
    items.slice(i * length, (i + 1) * length),
  );
  const values = rows.flatMap((row) =>
    Array.from(countGrams(context, row, vocabulary), (count, column) => value(count, vocabulary.weights[column])),
  );
  return [fromNumbers('float32', [...x.dims.slice(0, -1), vocabulary.width], values)];
}

/** TfIdfVectorizer: how often the n-grams of a pool occur in rows of texts or numbers. */
export const tfIdfVectorizerOperators: readonly Operator[] = [
  {
    type: 'TfIdfVectorizer',
    domain: '',
    since: 9,
    infer(context) {
      const { shape } = context.type(0);
      const width = Math.max(-1, ...context.attributes.ints('ngram_indexes')) + 1;
      return [{ dataType: 'float32', shape: areNumbers(shape) ? [...shape.slice(0, -1), width] : undefined }];
    },
    evaluate,
  },
];
