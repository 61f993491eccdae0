import type { Tensor } from '../tensor.js';
import { broadcastShape, broadcastStrides, showDims } from './helpers.js';
import { inferBroadcast, rowMajorStrides, stridedIndices } from './elementwise.js';
import type { EvaluateContext, NodeContext, Operator, RunContext } from './types.js';

function textsOf(context: NodeContext, tensor: Tensor): readonly string[] {
  return Array.isArray(tensor.data)
    ? (tensor.data as readonly string[])
    : context.fail(`a string tensor is needed; the input is ${tensor.dataType}`);
}

/** The texts of two inputs where they broadcast, side by side. */
export function broadcastTexts(context: EvaluateContext): {
  readonly dims: readonly number[];
  readonly pairs: readonly (readonly [string, string])[];
} {
  const inputs = [context.input(0), context.input(1)];
  const dims =
    broadcastShape(inputs.map((tensor) => tensor.dims)) ??
    context.fail(
      `the input shapes ${inputs.map(({ dims }) => showDims(dims)).join(' and ')} do not broadcast to one shape`,
    );
  const [a, b] = inputs.map((tensor) => {
    const strides = broadcastStrides(tensor.dims, rowMajorStrides(tensor.dims), dims);
    const texts = textsOf(context, tensor);
    return Array.from(stridedIndices(dims, strides, 0), (at) => texts[at]);
  });
  return { dims, pairs: a.map((text, i) => [text, b[i]] as const) };
}

/** The parts of a text; without a delimiter, what stands between runs of white space. */
function splitText(text: string, delimiter: string, maxSplits: number): string[] {
  if (delimiter === '') return splitOnSpace(text, maxSplits);
  if (text === '') return [];
  const parts = text.split(delimiter);
  if (parts.length <= maxSplits + 1) return parts;
  return [...parts.slice(0, maxSplits), parts.slice(maxSplits).join(delimiter)];
}

function splitOnSpace(text: string, maxSplits: number): string[] {
  const parts: string[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const space = parts.length < maxSplits ? rest.search(/\s/) : -1;
    if (space < 0) return [...parts, parts.length < maxSplits ? rest : rest.trimEnd()];
    parts.push(rest.slice(0, space));
    rest = rest.slice(space).trimStart();
  }
  return parts;
}

function evaluateSplit(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const delimiter = context.attributes.string('delimiter', '');
  const maxSplits = context.attributes.has('maxsplit') ? context.attributes.int('maxsplit') : Infinity;
  const rows = textsOf(context, x).map((text) => splitText(text, delimiter, maxSplits));
  const width = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const data = rows.flatMap((row) => [...row, ...new Array<string>(width - row.length).fill('')]);
  return [
    { dataType: 'string', dims: [...x.dims, width], data },
    { dataType: 'int64', dims: x.dims, data: BigInt64Array.from(rows, (row) => BigInt(row.length)) },
  ];
}

/** RE2's syntax, matched in time linear in the text, whatever the pattern. */
async function matchPattern(context: RunContext): Promise<readonly Tensor[]> {
  const { RE2JS } = await import('re2js');
  const x = context.tensor(0);
  const text = context.attributes.string('pattern');
  let pattern: { matches(input: string): boolean };
  try {
    pattern = RE2JS.compile(text);
  } catch (error) {
    return context.fail(`the pattern "${text}" is no RE2 expression: ${(error as Error).message}`);
  }
  const data = Uint8Array.from(textsOf(context, x), (each) => (pattern.matches(each) ? 1 : 0));
  return [{ dataType: 'bool', dims: x.dims, data }];
}

const changes: Readonly<Record<string, (text: string, locale: string) => string>> = {
  NONE: (text) => text,
  LOWER: (text, locale) => text.toLocaleLowerCase(locale),
  UPPER: (text, locale) => text.toLocaleUpperCase(locale),
};

/** Takes stopwords out of a row of texts, and changes the case of the rest. */
function evaluateNormalizer(context: EvaluateContext): readonly Tensor[] {
  const x = context.input(0);
  const { attributes } = context;
  const isRow = x.dims.length === 1 || (x.dims.length === 2 && x.dims[0] === 1);
  if (!isRow) context.fail(`the input has the shape ${showDims(x.dims)}; it must be [C] or [1, C]`);
  const action = attributes.string('case_change_action', 'NONE');
  const change = changes[action] ?? context.fail(`case_change_action is "${action}"; it must be LOWER, UPPER or NONE`);
  const locale = attributes.string('locale', 'en_US').replace('_', '-');
  const fold =
    attributes.int('is_case_sensitive', 0) !== 0 ? (text: string) => text : (text: string) => text.toLowerCase();
  const stopwords = new Set(attributes.strings('stopwords', []).map(fold));
  const kept = textsOf(context, x).filter((text) => !stopwords.has(fold(text)));
  const texts = kept.map((text) => change(text, locale));
  const data = texts.length > 0 ? texts : [''];
  return [{ dataType: 'string', dims: [...x.dims.slice(0, -1), data.length], data }];
}

/** Operators on texts, which the host holds. */
export const stringOperators: readonly Operator[] = [
  {
    type: 'StringConcat',
    domain: '',
    since: 20,
    infer: (context) => [{ dataType: 'string', shape: inferBroadcast(context, 2) }],
    evaluate(context) {
      const { dims, pairs } = broadcastTexts(context);
      return [{ dataType: 'string', dims, data: pairs.map(([a, b]) => a + b) }];
    },
  },
  {
    type: 'StringSplit',
    domain: '',
    since: 20,
    infer(context) {
      const { shape } = context.type(0);
      return [
        { dataType: 'string', shape: shape && [...shape, context.unknown()] },
        { dataType: 'int64', shape },
      ];
    },
    evaluate: evaluateSplit,
  },
  {
    type: 'RegexFullMatch',
    domain: '',
    since: 20,
    infer: (context) => [{ dataType: 'bool', shape: context.type(0).shape }],
    run: matchPattern,
  },
  {
    type: 'StringNormalizer',
    domain: '',
    since: 10,
    infer(context) {
      const { shape } = context.type(0);
      return [{ dataType: 'string', shape: shape && [...shape.slice(0, -1), context.unknown()] }];
    },
    evaluate: evaluateNormalizer,
  },
];
