import type { Dispatch } from '../plan.js';
import type { DeviceProfile } from '../problem.js';
import { shader, type Param } from '../wgsl/shader.js';
import { scratchBinding, shapeParams, type WinogradShape } from './winograd-kernels.js';

/** How the products are cut: each thread sums `rows` tiles by `columns` output channels in registers. */
export interface ProductTile {
  readonly threads: number;
  readonly rows: number;
  /** A multiple of 4. */
  readonly columns: number;
  /** Invocations of a subgroup, among which weights are loaded once and broadcast; 1 where each loads its own. */
  readonly lanes: number;
}

/**
 * Subgroups of one known size on a software adapter share their weights, since there a load costs several
 * multiply-adds whatever its address; elsewhere the threads of a workgroup read the same weights at the same time.
 */
export function productTile(shape: WinogradShape, device: DeviceProfile): ProductTile {
  const shares = sharesWeights(device);
  const threads = shares ? device.subgroupMaxSize : 64;
  const rows = [1, 2, 4].find((count) => count * threads >= shape.tiles) ?? 4;
  return { threads, rows, columns: shape.columnQuads <= 2 ? 8 : 16, lanes: shares ? threads : 1 };
}

/** True on software adapters with subgroups of one known size. */
export function sharesWeights({ isSoftware, hasSubgroups, subgroupMinSize, subgroupMaxSize }: DeviceProfile): boolean {
  return isSoftware && hasSubgroups && subgroupMinSize >= 2 && subgroupMinSize === subgroupMaxSize;
}

/** Workgroups of the product dispatch. */
export function productGrid(shape: WinogradShape, tile: ProductTile): [number, number, number] {
  return [
    Math.ceil(shape.tiles / (tile.threads * tile.rows)),
    Math.ceil((shape.columnQuads * 4) / tile.columns),
    shape.transform.points ** 2,
  ];
}

/** The second dispatch: at each point, the matrix product of transformed tiles and transformed weights. */
export function productDispatch(shape: WinogradShape, tile: ProductTile): Dispatch {
  const workgroups = productGrid(shape, tile);
  const params: Param[] = [
    ...shapeParams(shape),
    { name: 'column_blocks', type: 'u32', value: workgroups[1] },
    { name: 'rows', type: 'u32', value: tile.rows },
  ];
  const kernel = shader({
    label: `winograd products ${tile.threads}x${tile.rows}x${tile.columns}`,
    enables: tile.lanes > 1 ? ['subgroups'] : [],
    bindings: [scratchBinding, { name: 'weights', access: 'read', type: 'array<vec4<f32>>' }],
    params,
    workgroupSize: [tile.threads, 1, 1],
    body: productBody(tile),
  });
  return { kernel, workgroups, params, operands: ['scratch', 'weights'] };
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function productBody(tile: ProductTile): string {
  const rows = range(tile.rows);
  const quads = tile.columns / 4;
  const weight = (k: number): string =>
    tile.lanes > 1
      ? `subgroupBroadcast(w_lanes_${Math.floor(k / tile.lanes)}, ${k % tile.lanes}u)`
      : `weights[w + ${k}u]`;
  const sums = rows.flatMap((i) => range(quads).map((j) => `sum_${i}_${j}`));
  return [
    ...(tile.lanes > 1 ? ['let lane = subgroupExclusiveAdd(1u);'] : []),
    'let point = workgroup_id.z;',
    `let first_row = workgroup_id.x * ${tile.threads * tile.rows}u + local_index;`,
    ...rows.map(
      (i) =>
        `let at_${i} = (point * params.tiles + min(first_row + ${i * tile.threads}u, params.tiles - 1u)) * params.channel_quads;`,
    ),
    ...sums.map((sum) => `var ${sum} = vec4f(0.0);`),
    `var w = (point * params.column_blocks + workgroup_id.y) * params.channel_quads * ${4 * quads}u;`,
    'for (var c = 0u; c < params.channel_quads; c++) {',
    ...(tile.lanes > 1
      ? range(Math.ceil((4 * quads) / tile.lanes)).map(
          (i) => `let w_lanes_${i} = weights[w + ${i * tile.lanes}u + lane];`,
        )
      : []),
    ...rows.map((i) => `let v_${i} = scratch[at_${i} + c];`),
    ...range(4).flatMap((l) =>
      range(quads).flatMap((j) => [
        `let q_${l}_${j} = ${weight(l * quads + j)};`,
        ...rows.map((i) => `sum_${i}_${j} += v_${i}.${'xyzw'[l]} * q_${l}_${j};`),
      ]),
    ),
    `w += ${4 * quads}u;`,
    '}',
    `var sums = array<vec4f, ${sums.length}>(${sums.join(', ')});`,
    `let first_quad = workgroup_id.y * ${quads}u;`,
    `let used = min(${quads}u, params.column_quads - first_quad);`,
    'for (var i = 0u; i < params.rows; i++) {',
    `let row = first_row + i * ${tile.threads}u;`,
    'if (row < params.tiles) {',
    'let to = params.product_offset + (point * params.tiles + row) * params.column_quads + first_quad;',
    'for (var j = 0u; j < used; j++) {',
    `scratch[to + j] = sums[i * ${quads}u + j];`,
    '}',
    '}',
    '}',
  ].join('\n');
}
