import type { DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { u32 } from './params.js';
import { perElementEmission, place } from './per-element.js';

/** The determinants of `matrices` [matrix, n, n], which are overwritten: elimination with the largest pivot of each column. */
export function determinantEmission(matrices: Operand, y: Operand, profile: DeviceProfile): Emission {
  const at = (row: string, column: string) => `matrices[${place('matrices', ['i0', row, column])}]`;
  return perElementEmission(
    {
      label: 'determinant',
      shape: y.shape,
      operands: { matrices, y },
      written: ['matrices', 'y'],
      params: [u32('n', matrices.shape[1])],
      body: `
  var result = 1.0;
  for (var k = 0u; k < params.n; k++) {
    var best = k;
    for (var row = k + 1u; row < params.n; row++) {
      if (abs(${at('row', 'k')}) > abs(${at('best', 'k')})) { best = row; }
    }
    let pivot = ${at('best', 'k')};
    if (best != k) {
      result = -result;
      for (var column = k; column < params.n; column++) {
        let value = ${at('k', 'column')};
        ${at('k', 'column')} = ${at('best', 'column')};
        ${at('best', 'column')} = value;
      }
    }
    result *= pivot;
    if (pivot == 0.0) { break; }
    for (var row = k + 1u; row < params.n; row++) {
      let factor = ${at('row', 'k')} / pivot;
      for (var column = k + 1u; column < params.n; column++) {
        ${at('row', 'column')} = ${at('row', 'column')} - factor * ${at('k', 'column')};
      }
    }
  }
  y[${place('y', ['i0'])}] = T_y(result);
`,
    },
    profile,
  );
}
