import { hasVectorOutput, implicitParams, type ImplicitGemm } from '../../implicit.js';
import type { Dispatch } from '../../plan.js';
import type { DeviceProfile } from '../../problem.js';
import { locateCode, storeFragment } from '../../wgsl/fragments.js';
import { shader, type Binding, type Extension } from '../../wgsl/shader.js';
import { matrixBody } from './body.js';
import { matrixParams } from './params.js';
import {
  columnScaleCode,
  linearOutput,
  placeRowCode,
  reduceParts,
  storePartials,
  storeSums,
  storeTotals,
} from './epilogue.js';
import { inputBinding, inputLoads, originCode } from './fetch.js';
import { packedLayout } from './packing.js';
import { splitDeclarations } from './range.js';
import { matrixThreads, matrixTileName, stageLayout, type MatrixShape } from './shape.js';

/** Workgroups: tiles of columns, tiles of rows, and groups times parts of K. */
export function matrixGrid(p: ImplicitGemm, { tile, splits }: MatrixShape): readonly [number, number, number] {
  return [Math.ceil(p.columns / tile.columns), Math.ceil(p.rows / tile.rows), p.groups * splits];
}

/** The dispatches of a product on matrix units, or why there can be none. */
export function matrixDispatches(p: ImplicitGemm, shape: MatrixShape, device: DeviceProfile): Dispatch[] | string {
  const { tile, units, splits } = shape;
  const loads = inputLoads(p, units);
  if (typeof loads === 'string') return loads;
  const packed = packedLayout(p, tile, units);
  const placed = linearOutput(p);
  const direct = splits === 1;
  const vector = hasVectorOutput(p);
  const store = storeFragment(placed ?? p, vector, true);
  const scratch: Binding = { name: 'scratch', access: 'read_write', type: 'array<vec4<f32>>' };
  const params = [...implicitParams(placed ?? p), ...matrixParams(p, shape, packed)];
  const finish = !direct
    ? storePartials(shape)
    : units.parts === 2
      ? storeTotals(p, shape, vector)
      : storeSums(p, shape, vector);
  const kernel = shader({
    label: `implicit-gemm-matrix ${matrixTileName(tile)}${direct ? '' : ' split'}`,
    enables: matrixExtensions(p, shape),
    bindings: [
      inputBinding(loads),
      { name: 'weights', access: 'read', type: 'array<vec4<u32>>' },
      ...(direct ? store.bindings : [scratch]),
    ],
    params,
    workgroupSize: [matrixThreads(tile, units), 1, 1],
    subgroups: units.pinsLanes ? { size: units.lanes } : {},
    declarations: [
      locateCode,
      originCode(p, Math.log2(loads.width)),
      `var<workgroup> stage: array<vec4u, ${stageLayout(tile, units).total}>;`,
      units.parts === 2 ? splitDeclarations : '',
      direct && units.parts === 2 ? columnScaleCode : '',
      direct ? `${placeRowCode(placed !== undefined)}\n${store.declarations}` : '',
    ].join('\n'),
    body: matrixBody(p, shape, loads, finish),
  });
  const main: Dispatch = {
    kernel,
    workgroups: matrixGrid(p, shape),
    params,
    operands: ['input', 'weights', ...(direct ? store.operands : (['scratch'] as const))],
  };
  return direct ? [main] : [main, reduceParts(p, shape, packed, device)];
}

function matrixExtensions(p: ImplicitGemm, { units }: MatrixShape): Extension[] {
  const needsHalf = units.type === 'f16' || p.elementType === 'f16';
  return [
    ...(needsHalf ? (['f16'] as const) : []),
    'subgroups',
    ...(units.pinsLanes ? (['subgroup_size_control'] as const) : []),
    'chromium_experimental_subgroup_matrix',
  ];
}
