import type { DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { perElementEmission, place } from './per-element.js';

/**
 * y has the shape of `indices` with a dimension more, `axis`: `values[1]` where the place along it is the index (one below
 * 0 counts from the end), else `values[0]`.
 */
export function oneHotEmission(
  operands: { readonly indices: Operand; readonly values: Operand; readonly y: Operand },
  axis: number,
  profile: DeviceProfile,
): Emission {
  const { shape } = operands.y;
  const coordinates = shape.map((_, i) => `i${i}`);
  const beside = coordinates.filter((_, i) => i !== axis);
  return perElementEmission(
    {
      label: 'one-hot',
      shape,
      operands,
      body: `
  let index = i32(indices[${place('indices', beside)}]);
  let place = select(index, index + i32(params.size${axis}), index < 0);
  let chosen = select(0u, 1u, place == i32(i${axis}));
  y[${place('y', coordinates)}] = T_y(values[${place('values', ['chosen'])}]);
`,
    },
    profile,
  );
}
