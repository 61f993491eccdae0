import type { DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { planeOf } from './bilinear.js';
import { f32, i32 } from './params.js';
import { perElementEmission, place } from './per-element.js';

/** Samples along one side of a bin; a region that asks for more gets this many. */
export const maxSamples = 1024;

export interface RoiAlignSettings {
  readonly mode: 'avg' | 'max';
  /** Samples along one side of a bin; 0: one for each element the bin covers. */
  readonly samples: number;
  readonly scale: number;
  /** Elements lie half a unit from the edges of their pixels. */
  readonly isHalfPixel: boolean;
}

const alignDeclarations = (mode: RoiAlignSettings['mode']) => `
fn sample(first: u32, given_y: f32, given_x: f32, height: i32, width: i32) -> f32 {
  if (!(given_y >= -1.0 && given_x >= -1.0 && given_y <= f32(height) && given_x <= f32(width))) { return 0.0; }
  var y = max(given_y, 0.0);
  var x = max(given_x, 0.0);
  let row = min(i32(y), height - 1);
  let column = min(i32(x), width - 1);
  let next_row = min(row + 1, height - 1);
  let next_column = min(column + 1, width - 1);
  if (row == height - 1) { y = f32(row); }
  if (column == width - 1) { x = f32(column); }
  let dy = y - f32(row);
  let dx = x - f32(column);
  let a = (1.0 - dy) * (1.0 - dx) * element(first, row, column);
  let b = (1.0 - dy) * dx * element(first, row, next_column);
  let c = dy * (1.0 - dx) * element(first, next_row, column);
  let d = dy * dx * element(first, next_row, next_column);
  return ${mode === 'avg' ? 'a + b + c + d' : 'max(max(a, b), max(c, d))'};
}
fn element(first: u32, row: i32, column: i32) -> f32 {
  return f32(x[first + u32(row) * params.x_stride2 + u32(column) * params.x_stride3]);
}`;

/** y [region, C, out...] of x [N, C, H, W]: the mean or maximum of bilinear samples of each region's bins (He et al., 2017). */
export function roiAlignEmission(
  operands: { readonly x: Operand; readonly rois: Operand; readonly batches: Operand; readonly y: Operand },
  { mode, samples, scale, isHalfPixel }: RoiAlignSettings,
  profile: DeviceProfile,
): Emission {
  const { x, y } = operands;
  const corner = (index: number) => `f32(rois[${place('rois', ['i0', `${index}u`])}]) * params.scale`;
  const least = isHalfPixel ? (value: string) => value : (value: string) => `max(${value}, 1.0)`;
  const count = (size: string, out: string) =>
    samples > 0 ? String(samples) : `clamp(i32(ceil(${size} / f32(params.${out}))), 0, ${maxSamples})`;
  return perElementEmission(
    {
      label: `roi-align-${mode}`,
      shape: y.shape,
      operands,
      params: [
        i32('height', x.shape[2]),
        i32('width', x.shape[3]),
        i32('last_batch', x.shape[0] - 1),
        f32('scale', scale),
        f32('shift', isHalfPixel ? 0.5 : 0),
      ],
      declarations: alignDeclarations(mode),
      body: `
  let batch = u32(clamp(i32(batches[${place('batches', ['i0'])}]), 0, params.last_batch));
  let left = ${corner(0)} - params.shift;
  let top = ${corner(1)} - params.shift;
  let region_w = ${least(`${corner(2)} - params.shift - left`)};
  let region_h = ${least(`${corner(3)} - params.shift - top`)};
  let bin_h = region_h / f32(params.size2);
  let bin_w = region_w / f32(params.size3);
  let rows = ${count('region_h', 'size2')};
  let columns = ${count('region_w', 'size3')};
  let first = ${planeOf('x', 'batch', 'i1')};
  var total = ${mode === 'avg' ? '0.0' : '-3.4028234663852886e38'};
  for (var r = 0; r < rows; r++) {
    let at_y = top + (f32(i2) + (f32(r) + 0.5) / f32(rows)) * bin_h;
    for (var c = 0; c < columns; c++) {
      let at_x = left + (f32(i3) + (f32(c) + 0.5) / f32(columns)) * bin_w;
      let value = sample(first, at_y, at_x, params.height, params.width);
      total = ${mode === 'avg' ? 'total + value' : 'max(total, value)'};
    }
  }
  let taken = max(rows * columns, 1);
  y[${place('y', ['i0', 'i1', 'i2', 'i3'])}] = T_y(${mode === 'avg' ? 'total / f32(taken)' : 'select(total, 0.0, rows * columns == 0)'});
`,
    },
    profile,
  );
}

/** y [region, C, out...]: the maximum of the elements in each bin of the regions [batch, left, top, right, bottom] (Girshick, 2015). */
export function maxRoiPoolEmission(
  operands: { readonly x: Operand; readonly rois: Operand; readonly y: Operand },
  scale: number,
  profile: DeviceProfile,
): Emission {
  const { x, y } = operands;
  const roi = (index: number) => `f32(rois[${place('rois', ['i0', `${index}u`])}])`;
  const corner = (index: number) => `i32(floor(${roi(index)} * params.scale + 0.5))`;
  const edge = (round: string, index: string, size: string, out: string, start: string, limit: string) =>
    `clamp(i32(${round}(f32(${index}) * f32(${size}) / f32(params.${out}))) + ${start}, 0, params.${limit})`;
  return perElementEmission(
    {
      label: 'max-roi-pool',
      shape: y.shape,
      operands,
      params: [
        i32('height', x.shape[2]),
        i32('width', x.shape[3]),
        i32('last_batch', x.shape[0] - 1),
        f32('scale', scale),
      ],
      body: `
  let batch = u32(clamp(i32(${roi(0)}), 0, params.last_batch));
  let left = ${corner(1)};
  let top = ${corner(2)};
  let region_w = max(${corner(3)} - left + 1, 1);
  let region_h = max(${corner(4)} - top + 1, 1);
  let first_row = ${edge('floor', 'i2', 'region_h', 'size2', 'top', 'height')};
  let last_row = ${edge('ceil', 'i2 + 1u', 'region_h', 'size2', 'top', 'height')};
  let first_column = ${edge('floor', 'i3', 'region_w', 'size3', 'left', 'width')};
  let last_column = ${edge('ceil', 'i3 + 1u', 'region_w', 'size3', 'left', 'width')};
  let first = ${planeOf('x', 'batch', 'i1')};
  let is_empty = last_row <= first_row || last_column <= first_column;
  var total = select(-3.4028234663852886e38, 0.0, is_empty);
  for (var r = first_row; r < last_row; r++) {
    for (var c = first_column; c < last_column; c++) {
      total = max(total, f32(x[first + u32(r) * params.x_stride2 + u32(c) * params.x_stride3]));
    }
  }
  y[${place('y', ['i0', 'i1', 'i2', 'i3'])}] = T_y(total);
`,
    },
    profile,
  );
}
