import { fromNumbers, toNumbers } from './helpers.js';
import { rowMajorStrides } from './elementwise.js';
import type { Operator } from './types.js';

/** NonZero's shape depends on data: it runs only where its input is constant. */
export const nonzeroOperators: readonly Operator[] = [
  {
    type: 'NonZero',
    domain: '',
    since: 9,
    infer(context) {
      const { shape } = context.type(0);
      const constant = context.constant(0);
      const count = constant ? toNumbers(constant).filter((value) => value !== 0).length : context.unknown();
      return [{ dataType: 'int64', shape: shape && [shape.length, count] }];
    },
    evaluate(context) {
      const x = context.input(0);
      const places = Array.from(toNumbers(x), (value, i) => (value === 0 ? -1 : i)).filter((i) => i >= 0);
      const strides = rowMajorStrides(x.dims);
      const coordinates = x.dims.flatMap((size, axis) => places.map((i) => Math.floor(i / strides[axis]) % size));
      return [fromNumbers('int64', [x.dims.length, places.length], coordinates)];
    },
  },
];
