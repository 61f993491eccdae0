import { shader, type DeviceProfile, type ElementType, type Kernel, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { offsetParam, u32 } from './params.js';
import type { Reduction } from './reductions.js';
import { accumulatorType, storageEnables } from './storage-types.js';
import { collapseWalk, walkCode, type Walk } from './walk.js';

export interface ReduceProblem {
  readonly x: Operand;
  readonly y: Operand;
  /** Strides of y along the dimensions of x; those of reduced dimensions do not matter. */
  readonly yStrides: readonly number[];
  /** Reduced dimensions of x, ascending. */
  readonly axes: readonly number[];
  readonly reduction: Reduction;
  /** WGSL type of y's elements where they are not its element type: vectors of it. */
  readonly resultType?: string;
}

/** How a workgroup is shared out: `rows` results side by side, `lanes` invocations for each, over `splits` workgroups. */
export interface ReduceTiling {
  readonly rows: number;
  readonly lanes: number;
  readonly splits: number;
}

/** Splits a tensor's dimensions into those that number the rows and those that are walked within one. */
export function splitWalk(
  shape: readonly number[],
  axes: readonly number[],
  strides: Readonly<Record<string, readonly number[]>>,
): { readonly row: Walk; readonly element: Walk } {
  const pick = (dims: readonly number[]): Walk =>
    collapseWalk({
      sizes: dims.map((axis) => shape[axis]),
      strides: Object.fromEntries(Object.entries(strides).map(([name, s]) => [name, dims.map((axis) => s[axis])])),
    });
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  return { row: pick(kept), element: pick(axes) };
}

export function walkLength(walk: Walk): number {
  return walk.sizes.reduce((product, size) => product * size, 1);
}

/** Neighbouring invocations read neighbouring elements where the strides allow; few long rows are split. */
export function reduceTiling(row: Walk, element: Walk, canSplit: boolean): ReduceTiling {
  const rows = walkLength(row);
  const count = walkLength(element);
  if (count <= 8) return { rows: 64, lanes: 1, splits: 1 };
  const rowStride = Math.abs(row.strides.x.at(-1)!);
  const elementStride = Math.abs(element.strides.x.at(-1)!);
  const acrossRows = rows >= 16 && rowStride < elementStride;
  const lanes = acrossRows ? 8 : Math.min(256, 2 ** Math.floor(Math.log2(count)));
  const rowsPerGroup = acrossRows ? 32 : rows === 1 ? 1 : 256 / lanes;
  const groups = Math.ceil(rows / rowsPerGroup);
  const worthSplitting = canSplit && groups < 64 && count >= lanes * 32;
  const splits = worthSplitting ? Math.min(Math.ceil(count / (lanes * 8)), Math.ceil(256 / groups)) : 1;
  return { rows: rowsPerGroup, lanes, splits };
}

interface Stage {
  readonly reduction: Reduction;
  readonly tiling: ReduceTiling;
  readonly xType: ElementType;
  readonly yType: ElementType;
  readonly resultType?: string;
  readonly declarations: string;
  readonly params: readonly Param[];
  /** Reads states of an earlier stage instead of elements. */
  readonly readsStates: boolean;
  /** Writes states for a later stage instead of results. */
  readonly writesStates: boolean;
}

function reduceKernel(stage: Stage): Kernel {
  const { tiling } = stage;
  return shader({
    label: `reduce-${stage.reduction.name}`,
    enables: storageEnables(stage.xType, stage.yType),
    aliases: { X: stage.xType, Y: stage.resultType ?? stage.yType, A: accumulatorType(stage.xType) },
    consts: { ROWS: tiling.rows, LANES: tiling.lanes },
    bindings: [
      { name: 'x', access: 'read', type: stage.readsStates ? 'array<S>' : 'array<X>' },
      { name: 'y', access: 'read_write', type: stage.writesStates ? 'array<S>' : 'array<Y>' },
    ],
    params: stage.params,
    workgroupSize: [tiling.rows * tiling.lanes, 1, 1],
    declarations: `
${stage.reduction.code}
${stage.declarations}
${stage.readsStates ? readState : readElement}
${stage.writesStates ? writeState : writeResult}
var<workgroup> states: array<S, ROWS * LANES>;
`,
    body: `
  let group = workgroup_id.y * params.grid_x + workgroup_id.x;
  let split = group % params.splits;
  let lane = local_index / ROWS;
  let row = (group / params.splits) * ROWS + local_index % ROWS;
  var state = identity();
  if (row < params.rows) {
    for (var i = split * LANES + lane; i < params.count; i += LANES * params.splits) {
      state = combine(state, load_state(row, i));
    }
  }
  states[local_index] = state;
  workgroupBarrier();
  for (var reach = LANES / 2u; reach > 0u; reach /= 2u) {
    if (lane < reach) {
      states[local_index] = combine(states[local_index], states[local_index + reach * ROWS]);
    }
    workgroupBarrier();
  }
  if (lane == 0u && row < params.rows) {
    store_state(row, split, states[local_index]);
  }
`,
  });
}

const readElement = `
fn load_state(row: u32, i: u32) -> S {
  return map(A(x[params.x_offset + x_row(row) + x_element(i)]), i);
}`;

const readState = `
fn load_state(row: u32, i: u32) -> S {
  return x[row * params.count + i];
}`;

const writeState = `
fn store_state(row: u32, split: u32, state: S) {
  y[row * params.splits + split] = state;
}`;

const writeResult = `
fn store_state(row: u32, split: u32, state: S) {
  y[params.y_offset + y_row(row)] = Y(finish(state));
}`;

/**
 * The dispatches of a reduction over any dimensions of a strided tensor: one, or two where few results are made of many
 * elements each. Sums are formed in f32 (or the integer type) by a fixed tree, so that runs repeat exactly.
 */
export function reduceEmissions(
  problem: ReduceProblem,
  profile: DeviceProfile,
  scratch: (byteLength: number) => Operand,
): readonly Emission[] {
  const { x, y, reduction } = problem;
  const { row, element } = splitWalk(x.shape, problem.axes, { x: x.strides, y: problem.yStrides });
  const rows = walkLength(row);
  const count = walkLength(element);
  const tiling = reduceTiling(row, element, true);
  const rowCode = walkCode('row', row);
  const elementCode = walkCode('element', element);
  const groups = Math.ceil(rows / tiling.rows) * tiling.splits;
  const grid = gridOf(groups, profile);
  const sizes = (reduced: number, splits: number) => [
    u32('rows', rows),
    u32('count', reduced),
    u32('total', count),
    u32('splits', splits),
    offsetParam('y', y),
  ];
  const types = { xType: x.elementType, yType: y.elementType, resultType: problem.resultType };
  const declarations = `${rowCode.declarations}\n${elementCode.declarations}`;
  const walked = [offsetParam('x', x), ...rowCode.params, ...elementCode.params];
  const firstParams = [grid.param, ...sizes(count, tiling.splits), ...walked];
  const isSplit = tiling.splits > 1;
  const first = { ...types, reduction, tiling, declarations, params: firstParams, readsStates: false };
  const kernel = reduceKernel({ ...first, writesStates: isSplit });
  if (!isSplit) return [{ kernel, workgroups: grid.workgroups, params: firstParams, operands: [x, y] }];
  const partial = scratch(rows * tiling.splits * reduction.stateBytes);
  const lastTiling = { rows: rows === 1 ? 1 : 8, lanes: 32, splits: 1 };
  const lastGrid = gridOf(Math.ceil(rows / lastTiling.rows), profile);
  const lastParams = [lastGrid.param, ...sizes(tiling.splits, 1), ...rowCode.params];
  const last = { ...types, reduction, tiling: lastTiling, declarations: rowCode.declarations, params: lastParams };
  const lastKernel = reduceKernel({ ...last, readsStates: true, writesStates: false });
  return [
    { kernel, workgroups: grid.workgroups, params: firstParams, operands: [x, partial] },
    { kernel: lastKernel, workgroups: lastGrid.workgroups, params: lastParams, operands: [partial, y] },
  ];
}
