import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { memoryOrder } from './order.js';
import { f32, u32 } from './params.js';
import { walkLength } from './reduce.js';
import { accumulatorType, storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const workgroupSize = 256;

/** An index in a table of taps that stands for the extrapolation value. */
export const outsideIndex = 0xffffffff;

export interface ResizedAxis {
  readonly axis: number;
  /** Input elements that make one output element along this axis. */
  readonly taps: number;
  /** Where the axis's taps begin in the table, in words: for each output coordinate `taps` pairs of index and weight. */
  readonly start: number;
}

export interface ResizeProblem {
  readonly x: Operand;
  readonly y: Operand;
  readonly axes: readonly ResizedAxis[];
  /** u32: indices, and the bits of f32 weights. */
  readonly table: Operand;
  /** One tap of weight 1 everywhere: elements are taken as they are, whatever their type. */
  readonly isNearest: boolean;
  /** Set where taps may lie outside. */
  readonly extrapolation?: number;
}

/** Four neighbours at a time where the innermost dimension is not resized and contiguous in both. */
function vectorWidth({ x, y, axes }: ResizeProblem, order: readonly number[]): 1 | 4 {
  const inner = order.at(-1);
  if (inner === undefined || axes.some(({ axis }) => axis === inner) || x.strides[inner] !== 1) return 1;
  const others = order.slice(0, -1).filter((axis) => x.shape[axis] > 1);
  const values = [y.shape[inner], x.offset, ...others.map((axis) => x.strides[axis])];
  return values.every((value) => value % 4 === 0) ? 4 : 1;
}

function loops(problem: ResizeProblem): string {
  const { axes, isNearest, extrapolation } = problem;
  const open = axes.map(
    (_, j) => `
  for (var t${j} = 0u; t${j} < params.taps${j}; t${j}++) {
    let p${j} = params.start${j} + 2u * (o${j} * params.taps${j} + t${j});
    let at${j} = ${j === 0 ? 'base' : `at${j - 1}`} + table[p${j}] * params.stride${j};
    let w${j} = ${j === 0 ? '' : `w${j - 1} * `}bitcast<f32>(table[p${j} + 1u]);
    ${extrapolation === undefined ? '' : `outside = outside || table[p${j}] == ${outsideIndex}u;`}`,
  );
  const last = axes.length - 1;
  const value = `A(x[at${last}])`;
  const statement = isNearest ? `total = ${value};` : `total += w${last} * ${value};`;
  const guarded = extrapolation === undefined ? statement : `if (!outside) { ${statement} }`;
  return `${open.join('')}\n    ${guarded}\n  ${'}'.repeat(axes.length)}`;
}

/** y is x resampled along one or more axes, each with its own table of taps. y is dense. */
export function resizeEmission(problem: ResizeProblem, profile: DeviceProfile): Emission {
  const { x, y, axes, table, extrapolation } = problem;
  const order = memoryOrder(y);
  const width = vectorWidth(problem, order);
  const inner = order.at(-1);
  const isResized = (axis: number) => axes.some((resized) => resized.axis === axis);
  const unit = (axis: number) => (axis === inner && width === 4 ? x.strides[axis] : x.strides[axis] / width);
  const walk = collapseWalk({
    sizes: order.map((axis) => (axis === inner ? y.shape[axis] / width : y.shape[axis])),
    strides: { x: order.map((axis) => (isResized(axis) ? 0 : unit(axis))) },
  });
  const count = walkLength(walk);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const code = walkCode('base', walk);
  const params: Param[] = [
    grid.param,
    u32('count', count),
    u32('x_offset', x.offset / width),
    f32('extrapolation', extrapolation ?? 0),
    ...axes.flatMap(({ axis, taps, start }, j) => [
      u32(`taps${j}`, taps),
      u32(`start${j}`, start),
      u32(`stride${j}`, x.strides[axis] / width),
      u32(`divisor${j}`, y.strides[axis] / width),
      u32(`size${j}`, y.shape[axis]),
    ]),
    ...code.params,
  ];
  const scalar = accumulatorType(x.elementType);
  const store = width === 4 ? `vec4<${x.elementType}>` : x.elementType;
  const kernel = shader({
    label: 'resize',
    enables: storageEnables(x.elementType),
    aliases: { T: store, A: width === 4 ? `vec4<${scalar}>` : scalar },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      { name: 'table', access: 'read', type: 'array<u32>' },
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: code.declarations,
    body: `
${invocationCode('index', workgroupSize)}
  let base = params.x_offset + x_base(index);
${axes.map((_, j) => `  let o${j} = index / params.divisor${j} % params.size${j};`).join('\n')}
  var total = A();
  var outside = false;
${loops(problem)}
  if (outside) { total = A(${scalar}(params.extrapolation)); }
  y[index] = T(total);
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [x, table, y] };
}
