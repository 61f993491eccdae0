import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { memoryOrder, pick } from './order.js';
import { u32 } from './params.js';
import { walkLength } from './reduce.js';
import { storageEnables } from './storage-types.js';
import { collapseWalk, walkCode, type Walk } from './walk.js';

const workgroupSize = 256;

/** Side of the square that a workgroup transposes through workgroup memory. */
const tileSize = 32;

const tileRows = workgroupSize / tileSize;

/**
 * Copies every element of `from` to the same coordinates of `to`: equal shapes and element types, any strides.
 * `to` must not overlap `from` or itself.
 */
export function copyEmission(profile: DeviceProfile, from: Operand, to: Operand): Emission {
  const walk = copyWalk(from, to);
  const transposed = transposedDimension(walk);
  const emission =
    transposed === undefined
      ? stridedCopy(profile, from, to, walk)
      : tiledTranspose(profile, from, to, walk, transposed);
  const bytes = 2 * walkLength(walk) * (from.elementType === 'f16' ? 2 : 4);
  return { ...emission, operands: [from, to], algorithm: 'copy', bytes };
}

/** The dimensions of a copy in the target's memory order, with strides `x` and `y`. */
export function copyWalk(from: Operand, to: Operand): Walk {
  const order = memoryOrder(to);
  return collapseWalk({
    sizes: pick(to.shape, order),
    strides: { x: pick(from.strides, order), y: pick(to.strides, order) },
  });
}

/** Whether a copy goes through tiles, because its two sides are contiguous along different dimensions. */
export function isTransposed(walk: Walk): boolean {
  return transposedDimension(walk) !== undefined;
}

/** The dimension along which x is contiguous, where that is another than y's and both are long enough for tiles. */
function transposedDimension({ sizes, strides }: Walk): number | undefined {
  const inner = sizes.length - 1;
  if (strides.y[inner] !== 1 || strides.x[inner] === 1 || strides.x[inner] === 0 || sizes[inner] < 8) return undefined;
  const axis = strides.x.findIndex((stride, i) => stride === 1 && sizes[i] >= 8);
  return axis === -1 ? undefined : axis;
}

type Unbound = Omit<Emission, 'operands'>;

/** Four elements at a time where both run along the innermost dimension. */
function stridedCopy(profile: DeviceProfile, from: Operand, to: Operand, walk: Walk): Unbound {
  const inner = walk.sizes.length - 1;
  const divides = (n: number) => n % 4 === 0;
  const isVector =
    walk.strides.x[inner] === 1 &&
    walk.strides.y[inner] === 1 &&
    [walk.sizes[inner], from.offset, to.offset].every(divides) &&
    [...walk.strides.x.slice(0, inner), ...walk.strides.y.slice(0, inner)].every(divides);
  const width = isVector ? 4 : 1;
  const quarter = (values: readonly number[]) => values.map((v, i) => (i === inner ? v : v / width));
  const units: Walk = {
    sizes: walk.sizes.map((size, i) => (i === inner ? size / width : size)),
    strides: { x: quarter(walk.strides.x), y: quarter(walk.strides.y) },
  };
  const count = walkLength(units);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const code = walkCode('element', units);
  const params = [
    grid.param,
    u32('count', count),
    u32('x_offset', from.offset / width),
    u32('y_offset', to.offset / width),
    ...code.params,
  ];
  const type = from.elementType;
  const kernel = shader({
    label: 'copy',
    enables: storageEnables(type),
    aliases: { T: isVector ? `vec4<${type}>` : type },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: code.declarations,
    body: `
${invocationCode('index', workgroupSize)}
  y[params.y_offset + y_element(index)] = x[params.x_offset + x_element(index)];
`,
  });
  return { kernel, workgroups: grid.workgroups, params };
}

/** Reads squares along x's contiguous dimension (row) and writes them along y's (column). */
function tiledTranspose(profile: DeviceProfile, from: Operand, to: Operand, walk: Walk, row: number): Unbound {
  const column = walk.sizes.length - 1;
  const rest = walk.sizes.map((_, i) => i).filter((i) => i !== row && i !== column);
  const batch = collapseWalk({
    sizes: pick(walk.sizes, rest),
    strides: { x: pick(walk.strides.x, rest), y: pick(walk.strides.y, rest) },
  });
  const tilesAcross = Math.ceil(walk.sizes[row] / tileSize);
  const tilesDown = Math.ceil(walk.sizes[column] / tileSize);
  const groups = tilesAcross * tilesDown * walkLength(batch);
  const grid = gridOf(groups, profile);
  const code = walkCode('batch', batch);
  const params = [
    grid.param,
    u32('groups', groups),
    u32('rows', walk.sizes[row]),
    u32('columns', walk.sizes[column]),
    u32('tiles_across', tilesAcross),
    u32('tiles_down', tilesDown),
    u32('x_offset', from.offset),
    u32('y_offset', to.offset),
    u32('x_column_stride', walk.strides.x[column]),
    u32('y_row_stride', walk.strides.y[row]),
    ...code.params,
  ];
  const type = from.elementType;
  const kernel = shader({
    label: 'transpose',
    enables: storageEnables(type),
    aliases: { T: type },
    consts: { TILE: tileSize, STEP: tileRows },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: `${code.declarations}\nvar<workgroup> tile: array<T, TILE * (TILE + 1u)>;`,
    body: transposeBody,
  });
  return { kernel, workgroups: grid.workgroups, params };
}

const transposeBody = `
  let group = workgroup_id.y * params.grid_x + workgroup_id.x;
  let first_row = group % params.tiles_across * TILE;
  let first_column = group / params.tiles_across % params.tiles_down * TILE;
  let batch = group / (params.tiles_across * params.tiles_down);
  let fast = local_index % TILE;
  let slow = local_index / TILE;
  if (group < params.groups) {
    let x_start = params.x_offset + x_batch(batch);
    for (var i = slow; i < TILE; i += STEP) {
      let row = first_row + fast;
      let column = first_column + i;
      if (row < params.rows && column < params.columns) {
        tile[i * (TILE + 1u) + fast] = x[x_start + row + column * params.x_column_stride];
      }
    }
  }
  workgroupBarrier();
  if (group < params.groups) {
    let y_start = params.y_offset + y_batch(batch);
    for (var i = slow; i < TILE; i += STEP) {
      let row = first_row + i;
      let column = first_column + fast;
      if (row < params.rows && column < params.columns) {
        y[y_start + row * params.y_row_stride + column] = tile[fast * (TILE + 1u) + i];
      }
    }
  }
`;
