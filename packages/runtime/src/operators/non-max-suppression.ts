import type { Tensor } from '../tensor.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, NodeContext, Operator } from './types.js';

/** Boxes by corners, [low y, low x, high y, high x] of each, and their areas. */
interface Boxes {
  readonly corners: Float64Array;
  readonly areas: Float64Array;
}

/** Boxes are given as two opposite corners [y1, x1, y2, x2], or as [x, y, width, height] around their centre. */
function readBoxes(context: NodeContext, values: Float64Array): Boxes {
  const isCentred = context.attributes.int('center_point_box', 0) === 1;
  const corners = new Float64Array(values.length);
  const areas = new Float64Array(values.length / 4);
  for (let at = 0; at < values.length; at += 4) {
    const [a, b, c, d] = values.subarray(at, at + 4);
    if (isCentred) corners.set([b - d / 2, a - c / 2, b + d / 2, a + c / 2], at);
    else corners.set([Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)], at);
    areas[at / 4] = (corners[at + 2] - corners[at]) * (corners[at + 3] - corners[at + 1]);
  }
  return { corners, areas };
}

/** Area of the intersection over that of the union, in the precision of the boxes; 0 where either is empty. */
function overlap({ corners, areas }: Boxes, one: number, other: number): number {
  const a = 4 * one;
  const b = 4 * other;
  const height = Math.min(corners[a + 2], corners[b + 2]) - Math.max(corners[a], corners[b]);
  if (height <= 0) return 0;
  const width = Math.min(corners[a + 3], corners[b + 3]) - Math.max(corners[a + 1], corners[b + 1]);
  if (width <= 0 || areas[one] <= 0 || areas[other] <= 0) return 0;
  const shared = Math.fround(height * width);
  return Math.fround(shared / Math.fround(areas[one] + areas[other] - shared));
}

/** Of the candidates, in their order, those that overlap none taken before by more than the threshold; at most so many. */
function suppress(boxes: Boxes, candidates: Uint32Array, threshold: number, most: number): number[] {
  const kept: number[] = [];
  for (const candidate of candidates) {
    if (kept.length >= most) break;
    let at = 0;
    while (at < kept.length && overlap(boxes, candidate, kept[at]) <= threshold) at++;
    if (at === kept.length) kept.push(candidate);
  }
  return kept;
}

function infer(context: InferContext): readonly InferResult[] {
  return [{ dataType: 'int64', shape: [context.unknown(), 3] }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const [boxTensor, scoreTensor] = [context.input(0), context.input(1)];
  const [values, scores] = [boxTensor, scoreTensor].map(toNumbers);
  const [most = 0, threshold = 0, least] = [2, 3, 4].map((index) =>
    context.hasInput(index) ? toNumbers(context.input(index))[0] : undefined,
  );
  const [batches, classes, count] = scoreTensor.dims;
  if (boxTensor.dims[1] !== count) {
    context.fail(`there are ${boxTensor.dims[1]} boxes and scores for ${count}; they must be as many`);
  }
  const selected: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const boxes = readBoxes(context, values.subarray(batch * count * 4, (batch + 1) * count * 4));
    for (let kind = 0; kind < classes; kind++) {
      const own = scores.subarray((batch * classes + kind) * count, (batch * classes + kind + 1) * count);
      const candidates = Uint32Array.from(own.keys())
        .filter((i) => least === undefined || own[i] > least)
        .sort((a, b) => own[b] - own[a]);
      for (const box of suppress(boxes, candidates, threshold, most)) selected.push(batch, kind, box);
    }
  }
  return [fromNumbers('int64', [selected.length / 3, 3], selected)];
}

/** NonMaxSuppression, whose result is as long as the boxes have it: it is calculated on the host. */
export const nonMaxSuppressionOperators: readonly Operator[] = [
  { type: 'NonMaxSuppression', domain: '', since: 10, infer, evaluate },
];
