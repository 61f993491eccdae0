import { sumOfProductsEmission } from '../kernels/einsum.js';
import type { Tensor } from '../tensor.js';
import { emitElementwise } from './elementwise.js';
import { fromNumbers, integersOf, toNumbers } from './helpers.js';
import { forEachIndex, product } from './host-index.js';
import type { EvaluateContext, InferContext, InferResult, LowerContext, NodeContext, Operator } from './types.js';

/** Of every point of an image: its coordinates from -1 to 1, the innermost axis first, and a 1. */
function homogeneousPoints(context: NodeContext, spatial: readonly number[]): Float32Array<ArrayBuffer> {
  const alignCorners = context.attributes.int('align_corners', 0) !== 0;
  const columns = spatial.length + 1;
  const points = new Float32Array(product(spatial) * columns).fill(1);
  forEachIndex(spatial, (index, flat) => {
    index.forEach((position, axis) => {
      const size = spatial[axis];
      const at = alignCorners ? (2 * position) / Math.max(1, size - 1) : (2 * position + 1) / size;
      points[flat * columns + spatial.length - 1 - axis] = at - 1;
    });
  });
  return points;
}

function infer(context: InferContext): readonly InferResult[] {
  const { dataType } = context.type(0);
  const size = context.dims(1);
  if (!size) return [{ dataType }];
  if (size.length < 3) context.fail(`size has ${size.length} elements; it must be [N, C, spatial...]`);
  return [{ dataType, shape: [size[0], ...size.slice(2), size.length - 2] }];
}

function evaluate(context: EvaluateContext): readonly Tensor[] {
  const theta = context.input(0);
  const [batch, , ...spatial] = integersOf(context.input(1))!;
  const [points, values] = [homogeneousPoints(context, spatial), toNumbers(theta)];
  const [rows, columns] = [spatial.length, spatial.length + 1];
  const count = product(spatial);
  const result = Float64Array.from({ length: batch * count * rows }, (_, i) => {
    const [row, point] = [i % rows, Math.floor(i / rows) % count];
    const first = (Math.floor(i / (rows * count)) * rows + row) * columns;
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += values[first + k] * points[point * columns + k];
    return sum;
  });
  return [fromNumbers(theta.dataType, [batch, ...spatial, rows], result)];
}

function lower(context: LowerContext): void {
  const theta = context.input(0);
  const type = context.outputType(0);
  if (!context.constant(1)) context.fail('size depends on data; it must be constant');
  // Before the table, which is long where the output is: an output too large for the adapter is refused here.
  const output = context.allocate(type);
  const spatial = type.shape.slice(1, -1);
  const [count, columns] = [product(spatial), spatial.length + 1];
  const key = `affine-grid/${spatial.join('x')}/${context.attributes.int('align_corners', 0)}`;
  const table = {
    ...context.table(key, 'f32', homogeneousPoints(context, spatial)),
    shape: [count, columns],
    strides: [columns, 1],
  };
  const cast = { label: 'cast', wgsl: 'return R(a);' };
  const points =
    theta.elementType === 'f32'
      ? table
      : emitElementwise(context, cast, [table], { dataType: theta.dataType, shape: table.shape });
  const [batch, rows] = [type.shape[0], spatial.length];
  const view = { ...output, shape: [batch, count, rows], strides: [count * rows, rows, 1] };
  const kept = {
    sizes: view.shape,
    inputs: [
      [theta.strides[0], 0, theta.strides[1]],
      [0, points.strides[0], 0],
    ],
  };
  const summed = { sizes: [columns], inputs: [[theta.strides[2]], [points.strides[1]]] };
  context.emit(sumOfProductsEmission([theta, points], view, kept, summed, context.profile));
  context.output(0, output);
}

export const affineGridOperators: readonly Operator[] = [
  { type: 'AffineGrid', domain: '', since: 20, infer, evaluate, lower, valueInputs: [1] },
];
