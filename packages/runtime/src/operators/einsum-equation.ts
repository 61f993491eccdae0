import type { Dim } from '../graph.js';
import { showDims } from './helpers.js';
import type { NodeContext } from './types.js';

/** An equation with its ellipses written out: each dimension of each operand has a label. */
export interface Equation {
  readonly terms: readonly (readonly string[])[];
  readonly output: readonly string[];
  /** Labels that the output lacks: what is summed over. */
  readonly summed: readonly string[];
  readonly sizes: ReadonlyMap<string, Dim>;
}

/** A term's labels; the dimensions under an ellipsis are '.0', '.1', ..., the last being the same for all. */
function labelsOf(context: NodeContext, term: string, rank: number | undefined, covered: number): string[] {
  if (!/^[A-Za-z]*(\.\.\.[A-Za-z]*)?$/.test(term)) {
    context.fail(`the term "${term}" of the equation is not letters with at most one ellipsis`);
  }
  const [before, after] = term.split('...');
  if (after === undefined) {
    if (rank !== undefined && rank !== before.length) {
      context.fail(`the term "${term}" has ${before.length} labels; its operand has rank ${rank}`);
    }
    return [...before];
  }
  const count = rank === undefined ? covered : rank - before.length - after.length;
  if (count < 0) context.fail(`the term "${term}" has more labels than its operand of rank ${rank} has dimensions`);
  return [...before, ...Array.from({ length: count }, (_, i) => `.${covered - count + i}`), ...after];
}

/** Without an output term: the dimensions of the ellipsis, then the labels that occur once, sorted. */
function implicitOutput(terms: readonly (readonly string[])[], covered: number): string[] {
  const labels = terms.flat();
  const once = labels.filter((label) => !label.startsWith('.') && labels.indexOf(label) === labels.lastIndexOf(label));
  return [...Array.from({ length: covered }, (_, i) => `.${i}`), ...once.sort()];
}

function sizesOf(
  context: NodeContext,
  terms: readonly (readonly string[])[],
  shapes: readonly (readonly Dim[])[],
): Map<string, Dim> {
  const sizes = new Map<string, Dim>();
  terms.forEach((labels, i) =>
    labels.forEach((label, axis) => {
      const [size, known] = [shapes[i][axis], sizes.get(label) ?? 1];
      if (typeof size === 'number' && typeof known === 'number' && size !== known && size !== 1 && known !== 1) {
        const all = shapes.map((shape) => showDims(shape)).join(', ');
        context.fail(`a label of the equation stands for the sizes ${known} and ${size} in the shapes ${all}`);
      }
      if (known === 1 || (typeof known === 'string' && typeof size === 'number' && size !== 1)) sizes.set(label, size);
    }),
  );
  return sizes;
}

/** Reads the attribute `equation` for operands of these shapes. */
export function readEquation(context: NodeContext, shapes: readonly (readonly Dim[])[]): Equation {
  const text = context.attributes.string('equation').replaceAll(/\s/g, '');
  const [left, right] = text.split('->');
  const written = left.split(',');
  if (written.length !== shapes.length) {
    context.fail(`the equation "${text}" has ${written.length} terms; the node has ${shapes.length} inputs`);
  }
  const under = (term: string, i: number) => (term.includes('...') ? shapes[i].length - term.length + 3 : 0);
  const covered = Math.max(0, ...written.map(under));
  const terms = written.map((term, i) => labelsOf(context, term, shapes[i].length, covered));
  const output = right === undefined ? implicitOutput(terms, covered) : labelsOf(context, right, undefined, covered);
  const sizes = sizesOf(context, terms, shapes);
  const stray = output.find((label, i) => !sizes.has(label) || output.indexOf(label) !== i);
  if (stray !== undefined) context.fail(`the output label "${stray}" of "${text}" is repeated or in no term`);
  return { terms, output, sizes, summed: [...sizes.keys()].filter((label) => !output.includes(label)) };
}

/** An operand's strides along labels: those of repeated labels added up, 0 where it has none or is broadcast. */
export function stridesAlong(
  labels: readonly string[],
  term: readonly string[],
  shape: readonly number[],
  strides: readonly number[],
): number[] {
  return labels.map((label) =>
    term.reduce((sum, own, axis) => (own === label && shape[axis] !== 1 ? sum + strides[axis] : sum), 0),
  );
}
