import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { u32 } from './params.js';
import { walkLength } from './reduce.js';
import { storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const workgroupSize = 64;

export interface SampleSettings {
  readonly mode: 'nearest' | 'linear' | 'cubic';
  readonly padding: 'zeros' | 'border' | 'reflection';
  /** -1 and 1 are the centres of the outermost elements, not their outer edges. */
  readonly alignCorners: boolean;
}

/** Neighbours along one axis: how many, WGSL for the first one's index `at`, and for the weight of the t-th. */
const interpolations = {
  nearest: { taps: 1, base: 'round(at)', weight: 'return 1.0;' },
  linear: { taps: 2, base: 'floor(at)', weight: 'return select(1.0 - part, part, t == 1u);' },
  cubic: {
    taps: 4,
    base: 'floor(at) - 1.0',
    weight: `
  let d = abs(part + 1.0 - f32(t));
  return select(-0.75 * (((d - 5.0) * d + 8.0) * d - 4.0), (1.25 * d - 2.25) * d * d + 1.0, d <= 1.0);`,
  },
} as const;

/** WGSL that brings a coordinate, and then an index, to where its value is read. */
const paddings = {
  zeros: { coordinate: 'return clamp(at, -4.0, size + 4.0);', index: 'return i;' },
  border: { coordinate: 'return clamp(at, 0.0, size - 1.0);', index: 'return clamp(i, 0, i32(size) - 1);' },
  reflection: {
    coordinate: 'return reflected(at, size);',
    index: 'return clamp(i32(reflected(f32(i), size)), 0, i32(size) - 1);',
  },
} as const;

function declarations({ mode, padding, alignCorners }: SampleSettings): string {
  const [low, high] = alignCorners ? ['0.0', 'size - 1.0'] : ['-0.5', 'size - 0.5'];
  return `
fn denormalized(v: f32, size: f32) -> f32 {
  return ${alignCorners ? '(v + 1.0) * 0.5 * (size - 1.0)' : '((v + 1.0) * size - 1.0) * 0.5'};
}
fn reflected(at: f32, size: f32) -> f32 {
  let low = ${low};
  let high = ${high};
  if ((at >= low && at <= high) || high <= low) { return clamp(at, low, high); }
  let range = high - low;
  let distance = select(at - high, low - at, at < low);
  let turns = floor(distance / range);
  let rest = distance - turns * range;
  let is_even = turns - 2.0 * floor(turns * 0.5) == 0.0;
  return select(high - rest, low + rest, is_even == (at < low));
}
fn padded_coordinate(at: f32, size: f32) -> f32 {
  ${paddings[padding].coordinate}
}
fn padded_index(i: i32, size: f32) -> i32 {
  ${paddings[padding].index}
}
fn weight(t: u32, part: f32) -> f32 {
  ${interpolations[mode].weight}
}`;
}

/** One loop over the taps of each spatial axis, in WGSL, around the reading of an element. */
function loops(axes: number, { mode }: SampleSettings): string {
  const { taps, base } = interpolations[mode];
  const round = mode === 'nearest' ? 'round' : '';
  const lines: string[] = [];
  for (let d = 0; d < axes; d++) {
    lines.push(`
  let size${d} = f32(params.size${d});
  let v${d} = f32(grid[grid_at + ${axes - 1 - d}u * params.coordinate_stride]);
  let at${d} = padded_coordinate(${round}(denormalized(v${d}, size${d})), size${d});
  let base${d} = ${base.replace('at', `at${d}`)};
  let part${d} = at${d} - floor(at${d});`);
  }
  for (let d = 0; d < axes; d++) {
    const [before, place] = d === 0 ? ['1.0', 'x_at'] : [`weight${d - 1}`, `place${d - 1}`];
    lines.push(`
  for (var t${d} = 0u; t${d} < ${taps}u; t${d}++) {
    let i${d} = padded_index(i32(base${d}) + i32(t${d}), size${d});
    if (i${d} < 0 || i${d} >= i32(params.size${d})) { continue; }
    let weight${d} = ${before} * weight(t${d}, part${d});
    let place${d} = ${place} + u32(i${d}) * params.stride${d};`);
  }
  lines.push(`    total += weight${axes - 1} * f32(x[place${axes - 1}]);`, '  }'.repeat(axes));
  return lines.join('\n');
}

/**
 * y [n, c, out...] is x [n, c, in...] at the positions of `grid` [n, out..., axes], whose coordinates run from -1 to 1
 * and name the innermost axis first; one invocation an element.
 */
export function gridSampleEmission(
  x: Operand,
  grid: Operand,
  y: Operand,
  settings: SampleSettings,
  profile: DeviceProfile,
): Emission {
  const axes = x.shape.length - 2;
  const none = new Array<number>(axes).fill(0);
  const walk = collapseWalk({
    sizes: y.shape,
    strides: {
      x: [x.strides[0], x.strides[1], ...none],
      grid: [grid.strides[0], 0, ...grid.strides.slice(1, -1)],
      y: y.strides,
    },
  });
  const count = walkLength(walk);
  const dispatch = gridOf(Math.ceil(count / workgroupSize), profile);
  const code = walkCode('element', walk);
  const params = [
    dispatch.param,
    u32('count', count),
    ...Object.entries({ x, grid, y }).map(([name, { offset }]) => u32(`${name}_offset`, offset)),
    u32('coordinate_stride', grid.strides[axes + 1]),
    ...none.flatMap((_, d) => [u32(`size${d}`, x.shape[d + 2]), u32(`stride${d}`, x.strides[d + 2])]),
    ...code.params,
  ];
  const kernel = shader({
    label: 'grid-sample',
    enables: storageEnables(x.elementType, grid.elementType),
    aliases: { T: x.elementType, G: grid.elementType },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      { name: 'grid', access: 'read', type: 'array<G>' },
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: `${code.declarations}\n${declarations(settings)}`,
    body: `
${invocationCode('element', workgroupSize)}
  let x_at = params.x_offset + x_element(element);
  let grid_at = params.grid_offset + grid_element(element);
  var total = 0.0;
${loops(axes, settings)}
  y[params.y_offset + y_element(element)] = T(total);
`,
  });
  return { kernel, workgroups: dispatch.workgroups, params, operands: [x, grid, y] };
}
