import type { OperandName } from '../plan.js';
import { hasVectorOutput, type ImplicitGemm } from '../implicit.js';
import { activationCode, rectifierCode } from './activation.js';
import type { Binding } from './shader.js';

/** A piece of a kernel: the bindings it needs, whose they are, and its declarations. */
export interface Fragment {
  readonly bindings: readonly Binding[];
  readonly operands: readonly OperandName[];
  readonly declarations: string;
}

/** The storage type of `width` elements. */
export function storageType(elementType: 'f32' | 'f16', width: 1 | 4): string {
  return width === 4 ? `vec4<${elementType}>` : elementType;
}

/** The storage type of `width` elements of the input. */
export function inputStorageType({ f32Input, elementType }: ImplicitGemm, width: 1 | 4): string {
  return storageType(f32Input ? 'f32' : elementType, width);
}

/** The arithmetic type of `width` elements. */
function sumType(width: 1 | 4): 'f32' | 'vec4<f32>' {
  return width === 4 ? 'vec4<f32>' : 'f32';
}

/** `enable f16` where storage needs it. */
export function enables(elementType: 'f32' | 'f16'): readonly 'f16'[] {
  return elementType === 'f16' ? ['f16'] : [];
}

/**
 * The row a thread works on: `locate(row)` gives the image, and the input position (before the first tap) and output
 * position of a row of the matrix; rows beyond the last give the last.
 */
export const locateCode = `
struct Place {
  image: u32,
  out_y: u32,
  out_x: u32,
}
fn locate(row: u32) -> Place {
  let r = min(row, params.rows - 1u);
  let image = r / params.out_pixels;
  let pixel = r - image * params.out_pixels;
  let y = pixel / params.out_width;
  return Place(image, y, pixel - y * params.out_width);
}`;

const locateVolumeCode = `
struct Place {
  image: u32,
  out_z: u32,
  out_y: u32,
  out_x: u32,
}
fn locate(row: u32) -> Place {
  let r = min(row, params.rows - 1u);
  let slice = r / params.out_pixels;
  let image = slice / params.out_depth;
  let pixel = r - slice * params.out_pixels;
  let y = pixel / params.out_width;
  return Place(image, slice - image * params.out_depth, y, pixel - y * params.out_width);
}`;

/** As `locateCode`, of volumes with the slice too. */
export function placeCode(p: ImplicitGemm): string {
  return p.volume ? locateVolumeCode : locateCode;
}

/** Whether a kernel that gives `store` the bias gives it the residual too: early loads are for four columns at once. */
export function hasGivenResidual(p: ImplicitGemm, vector: boolean): boolean {
  return vector && p.residual !== undefined;
}

/**
 * The end of every kernel: `store(group, place, column, sum)` adds bias and residual, activates, narrows and stores
 * one sum, or four columns' sums where the layouts allow. Columns beyond the last are not stored. With `givesBias` the kernel
 * reads the bias itself, and gives it to `store` as a fifth argument; of four columns also the residual, by `read_residual(group,
 * place, column)`, as a sixth.
 */
export function storeFragment(p: ImplicitGemm, vector = hasVectorOutput(p), givesBias = false): Fragment {
  const width = vector ? 4 : 1;
  const storage = storageType(p.f32Output ? 'f32' : p.elementType, width);
  const sum = sumType(width);
  const bindings: Binding[] = [];
  const operands: OperandName[] = [];
  const add = (name: OperandName, access: Binding['access'], type: string): void => {
    bindings.push({ name, access, type: `array<${type}>` });
    operands.push(name);
  };
  if (p.bias) add('bias', 'read', sum);
  if (p.slope) add('slope', 'read', sum);
  if (p.residual) add('residual', 'read', storageType(p.elementType, width));
  add('output', 'read_write', storage);
  const channel = vector ? 'column' : 'column * params.y_c';
  const residualChannel = vector ? 'column' : 'column * params.r_c';
  const scale = vector ? ' >> 2u' : '';
  const slice = (prefix: 'r' | 'y'): string => (p.volume ? ` + place.out_z * params.${prefix}_z` : '');
  const givesResidual = givesBias && hasGivenResidual(p, vector);
  const residualAt = `let r = params.r_offset + group * params.r_g + place.image * params.r_n + place.out_y * params.r_y + place.out_x * params.r_x${slice('r')} + ${residualChannel};`;
  const residual = `${sum}(residual[r${scale}])`;
  const lines = [
    givesResidual
      ? `fn read_residual(group: u32, place: Place, column: u32) -> ${sum} {\n  ${residualAt}\n  return ${residual};\n}`
      : '',
    `fn store(group: u32, place: Place, column: u32, sum: ${sum}${givesBias ? `, added: ${sum}` : ''}${givesResidual ? `, rest: ${sum}` : ''}) {`,
    '  if (column >= params.columns) {\n    return;\n  }',
    `  var value = sum;`,
    givesBias ? '  value += added;' : p.bias ? `  value += bias[(group * params.bias_g + column)${scale}];` : '',
    p.residual ? (givesResidual ? '  value += rest;' : `  ${residualAt}\n  value += ${residual};`) : '',
    `  let y = params.y_offset + group * params.y_g + place.image * params.y_n + place.out_y * params.y_y + place.out_x * params.y_x${slice('y')} + ${channel};`,
    p.slope
      ? `  value = select(value * slope[(group * params.bias_g + column)${scale}], value, value >= ${sum}(0.0));`
      : '',
    `  output[y${scale}] = ${storage}(activate(value));`,
    '}',
  ];
  const isRectifier = p.activation === undefined || p.activation.kind === 'relu';
  const activation = isRectifier ? rectifierCode(sum) : activationCode(p.activation, sum);
  return {
    bindings,
    operands,
    declarations: [activation, ...lines.filter((line) => line !== '')].join('\n'),
  };
}
