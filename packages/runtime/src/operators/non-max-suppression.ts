import type { Tensor } from '../tensor.js';
import { fromNumbers, toNumbers } from './numbers.js';
import type { EvaluateContext, InferContext, InferResult, NodeContext, Operator } from './types.js';

/** Corners as [low y, low x, high y, high x]. */
type Box = readonly [number, number, number, number];

/** Boxes are two opposite corners [y1, x1, y2, x2], or [x, y, width, height] around their centre. */
function readBox(context: NodeContext, values: Float64Array, at: number): Box {
  const [a, b, c, d] = values.subarray(at, at + 4);
  const form = context.attributes.int('center_point_box', 0);
  if (form === 1) return [b - d / 2, a - c / 2, b + d / 2, a + c / 2];
  return [Math.min(a, c), Math.min(b, d), Math.max(a, c), Math.max(b, d)];
}

function area([top, left, bottom, right]: Box): number {
  return (bottom - top) * (right - left);
}

/** Area of the intersection over that of the union, in the precision of the boxes; 0 where either is empty. */
function overlap(a: Box, b: Box): number {
  const height = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const width = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const [areaA, areaB] = [area(a), area(b)];
  if (height <= 0 || width <= 0 || areaA <= 0 || areaB <= 0) return 0;
  const shared = Math.fround(height * width);
  return Math.fround(shared / Math.fround(areaA + areaB - shared));
}

function infer(context: InferContext): readonly InferResult[] {
  return [{ dataType: 'int64', shape: [context.unknown(), 3] }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const [boxTensor, scoreTensor] = [context.input(0), context.input(1)];
  const [boxes, scores] = [boxTensor, scoreTensor].map(toNumbers);
  const [most, threshold, least] = [2, 3, 4].map((index) =>
    context.hasInput(index) ? toNumbers(context.input(index))[0] : undefined,
  );
  const [batches, classes, count] = scoreTensor.dims;
  if (boxTensor.dims[1] !== count) {
    context.fail(`there are ${boxTensor.dims[1]} boxes and scores for ${count}; they must be as many`);
  }
  const selected: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const all = Array.from({ length: count }, (_, i) => readBox(context, boxes, (batch * count + i) * 4));
    for (let kind = 0; kind < classes; kind++) {
      const first = (batch * classes + kind) * count;
      const candidates = Array.from({ length: count }, (_, i) => i)
        .filter((i) => least === undefined || scores[first + i] > least)
        .sort((a, b) => scores[first + b] - scores[first + a]);
      const kept: number[] = [];
      for (const candidate of candidates) {
        if (kept.length >= (most ?? 0)) break;
        if (kept.every((other) => overlap(all[candidate], all[other]) <= (threshold ?? 0))) kept.push(candidate);
      }
      for (const box of kept) selected.push(batch, kind, box);
    }
  }
  return [fromNumbers('int64', [selected.length / 3, 3], selected)];
}

/** NonMaxSuppression, whose result is as long as the boxes have it: it is calculated on the host. */
export const nonMaxSuppressionOperators: readonly Operator[] = [
  { type: 'NonMaxSuppression', domain: '', since: 10, infer, evaluate },
];
