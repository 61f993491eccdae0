import { toNumbers } from './helpers.js';
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
      const places: number[] = [];
      toNumbers(x).forEach((value, i) => value !== 0 && places.push(i));
      const strides = rowMajorStrides(x.dims);
      const data = new BigInt64Array(x.dims.length * places.length);
      x.dims.forEach((size, axis) => {
        const first = axis * places.length;
        for (let n = 0; n < places.length; n++) data[first + n] = BigInt(Math.floor(places[n] / strides[axis]) % size);
      });
      return [{ dataType: 'int64', dims: [x.dims.length, places.length], data }];
    },
  },
];
