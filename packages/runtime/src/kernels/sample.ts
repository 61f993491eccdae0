import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf } from './grid.js';
import { memoryOrder } from './order.js';
import { accumulatorType, storageEnables } from './storage-types.js';

const workgroupSize = 128;

/** An index in a table that stands for no element: the sample is the fill value. */
export const outside = 0xffffffff;

/**
 * Where the elements along one axis of an output come from: output position i is the sum over `taps` of
 * weights[i * taps + t] times the input at indices[i * taps + t].
 */
export interface AxisSamples {
  readonly axis: number;
  readonly taps: number;
  readonly indices: Uint32Array;
  /** Absent where every weight is 1 and there is one tap. */
  readonly weights?: Float32Array;
}

/** The tables of all axes in one: for each axis its entries, an index word and a weight word each. */
export function sampleTable(samples: readonly AxisSamples[]): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(samples.reduce((total, s) => total + 2 * s.indices.length, 0));
  const floats = new Float32Array(words.buffer);
  let at = 0;
  for (const { indices, weights } of samples) {
    indices.forEach((index, i) => {
      words[at + 2 * i] = index;
      floats[at + 2 * i + 1] = weights?.[i] ?? 1;
    });
    at += 2 * indices.length;
  }
  return words;
}

interface Axis {
  readonly size: number;
  readonly stride: number;
  readonly samples?: AxisSamples;
  readonly tableOffset: number;
}

/**
 * output[..., i, ...] = samples of the input along some axes, and the input itself along the others. The output is
 * dense at offset 0; `fill` is what lies outside. Used by Resize and Pad.
 */
export function sampleEmission(
  input: Operand,
  output: Operand,
  samples: readonly AxisSamples[],
  table: Operand,
  fill: number,
  profile: DeviceProfile,
): Emission {
  const axes = axesInOrder(input, output, samples);
  const width = isVector(input, axes) ? 4 : 1;
  const count = axes.reduce((total, axis) => total * axis.size, 1) / width;
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const params: Param[] = [
    grid.param,
    { name: 'count', type: 'u32', value: count },
    { name: 'x_offset', type: 'u32', value: input.offset / width },
    { name: 'fill', type: input.elementType === 'f16' ? 'f32' : input.elementType, value: fill },
    ...axes.flatMap((axis, i) => axisParams(axis, i, i === axes.length - 1 ? width : 1, width)),
  ];
  const element = width === 4 ? 'vec4' : '';
  const accumulator = accumulatorType(input.elementType);
  const kernel = shader({
    label: 'sample',
    enables: storageEnables(input.elementType, output.elementType),
    aliases: {
      X: element ? `vec4<${input.elementType}>` : input.elementType,
      Y: element ? `vec4<${output.elementType}>` : output.elementType,
      R: element ? `vec4<${accumulator}>` : accumulator,
    },
    bindings: [
      { name: 'x', access: 'read', type: 'array<X>' },
      { name: 'table', access: 'read', type: 'array<vec2u>' },
      { name: 'y', access: 'read_write', type: 'array<Y>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    body: body(axes, accumulator),
  });
  const flops = axes.reduce((total, { samples: s }) => total * (s?.taps ?? 1), 2 * count * width);
  return { kernel, workgroups: grid.workgroups, params, operands: [input, table, output], algorithm: 'sample', flops };
}

/** The output's dimensions from outermost to innermost in memory. */
function axesInOrder(input: Operand, output: Operand, samples: readonly AxisSamples[]): Axis[] {
  const offsets = new Map<number, number>();
  let next = 0;
  for (const { axis, indices } of samples) {
    offsets.set(axis, next);
    next += indices.length;
  }
  return memoryOrder(output).map((axis) => ({
    size: output.shape[axis],
    stride: input.strides[axis],
    samples: samples.find((s) => s.axis === axis),
    tableOffset: offsets.get(axis) ?? 0,
  }));
}

/** Four successive elements at a time where the innermost axis is not sampled and lies alike in input and output. */
function isVector(input: Operand, axes: readonly Axis[]): boolean {
  const inner = axes.at(-1);
  if (!inner || inner.samples || inner.stride !== 1 || inner.size % 4 !== 0 || input.offset % 4 !== 0) return false;
  return axes.slice(0, -1).every((axis) => axis.stride % 4 === 0);
}

function axisParams(axis: Axis, i: number, divisor: number, width: number): Param[] {
  const list: Param[] = [{ name: `stride${i}`, type: 'u32', value: divisor > 1 ? 1 : axis.stride / width }];
  if (i > 0) list.push({ name: `size${i}`, type: 'u32', value: axis.size / divisor });
  if (axis.samples) list.push({ name: `table${i}`, type: 'u32', value: axis.tableOffset });
  return list;
}

function body(axes: readonly Axis[], accumulator: string): string {
  const lines = [
    `let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${workgroupSize}u + local_index;`,
    'if (index >= params.count) { return; }',
    'var rest = index;',
    'var base = params.x_offset;',
  ];
  for (let i = axes.length - 1; i >= 0; i--) {
    lines.push(i > 0 ? `let at${i} = rest % params.size${i};` : 'let at0 = rest;');
    if (i > 0) lines.push(`rest /= params.size${i};`);
    if (!axes[i].samples) lines.push(`base += at${i} * params.stride${i};`);
  }
  const sampled = axes.map((axis, i) => ({
    i,
    taps: axis.samples?.taps ?? 0,
    weighted: axis.samples?.weights !== undefined,
  }));
  const loops = sampled.filter(({ taps }) => taps > 0);
  const isWeighted = loops.some((loop) => loop.weighted);
  lines.push('var sum = R();');
  let offset = 'base';
  let weight = '';
  for (const { i, taps, weighted } of loops) {
    lines.push(
      `for (var t${i} = 0u; t${i} < ${taps}u; t${i}++) {`,
      `let entry${i} = table[params.table${i} + at${i} * ${taps}u + t${i}];`,
      `if (entry${i}.x == ${outside}u) { y[index] = Y(R(${accumulator}(params.fill))); return; }`,
    );
    offset += ` + entry${i}.x * params.stride${i}`;
    if (weighted) weight += ` * bitcast<f32>(entry${i}.y)`;
  }
  lines.push(isWeighted ? `sum += R(x[${offset}])${weight};` : `sum = R(x[${offset}]);`);
  lines.push(...loops.map(() => '}'), 'y[index] = Y(sum);');
  return lines.join('\n');
}
