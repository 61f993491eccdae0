import { shader, type Binding, type Kernel, type Param } from '../wgsl/shader.js';
import { packedCount, paddedColumns, scalesAt, type PackingMap } from './map.js';

/** How a device finds the source: its elements in words as they are, f16 in pairs, with or without factors. */
export interface PackingSource {
  readonly type: 'f32' | 'f16';
  /** Element i is multiplied by factor floor(i / run) mod count, rounded to f32, before all else. */
  readonly factors?: { readonly run: number; readonly count: number };
}

/** What a packing's dispatches bind: the source in words, the factors (f32), and the packed words, which are zero before. */
export type PackingOperand = 'source' | 'factors' | 'packed';

/** One dispatch of a packing; `operands` follow `kernel.bindings`. */
export interface PackingDispatch {
  readonly kernel: Kernel;
  readonly workgroups: readonly [number, number, number];
  readonly params: readonly Param[];
  readonly operands: readonly PackingOperand[];
}

const threads = 64;
/** Rows that a thread packs one after another, so that it finds its place only once for them. */
const rows = 32;
const mostAxes = 6;

/**
 * The dispatches by which a device packs, in order: two for split halves, since the columns' scales come first. The bits
 * are those that `packByMap` gives, but that a device may take f32 numbers below 2^-126 for 0, as WGSL allows it to
 * everywhere, and that NaN may have other bits. Undefined where rows of halves are odd: words hold two of a row.
 */
export function packingDispatches(
  map: PackingMap,
  source: PackingSource,
  maxWorkgroupsPerDimension: number,
): readonly PackingDispatch[] | undefined {
  const width = map.axes[map.axes.length - 1].size;
  if (map.format !== 'f32' && width % 2 !== 0) return undefined;
  const pack = packDispatch(map, source, maxWorkgroupsPerDimension);
  return map.format === 'split-f16' ? [scaleDispatch(map, source, maxWorkgroupsPerDimension), pack] : [pack];
}

function packDispatch(map: PackingMap, source: PackingSource, most: number): PackingDispatch {
  const width = map.axes[map.axes.length - 1].size;
  const words = map.format === 'f32' ? width : width / 2;
  const axes = [...Array.from({ length: mostAxes - map.axes.length }, () => undefined), ...map.axes];
  const sizes = axes.map((axis) => axis?.size ?? 1);
  const chunks = Math.ceil(sizes[4] / rows);
  const jobs = words * chunks * sizes[0] * sizes[1] * sizes[2] * sizes[3];
  const workgroups = grid(Math.ceil(jobs / threads), most);
  const numbers = {
    jobs,
    grid_x: workgroups[0],
    words,
    chunks,
    ...Object.fromEntries(axes.flatMap((axis, i) => Object.entries(axisNumbers(map, axis, i)))),
    offset: map.offset,
    columns: map.source.column.size,
    channels: map.source.channel.size,
    low_at: packedCount(map) / 2,
    scales_at: scalesAt(map),
    padded_columns: paddedColumns(map),
    ...factorNumbers(source),
  };
  return dispatch(`pack ${map.format}`, source, numbers, workgroups, packDeclarations(map), packBody(map));
}

/** Of an axis: its size, and what a step adds to the place in the source, the group, the column and the channel. */
function axisNumbers(map: PackingMap, axis: PackingMap['axes'][number] | undefined, i: number): Record<string, number> {
  const step = (coordinate: string): number => (axis?.coordinate === coordinate ? axis.step : 0);
  return {
    [`size_${i}`]: axis?.size ?? 1,
    [`stride_${i}`]: axis ? axis.step * map.source[axis.coordinate].stride : 0,
    [`group_${i}`]: step('group'),
    [`column_${i}`]: step('column'),
    [`channel_${i}`]: step('channel'),
  };
}

function scaleDispatch(map: PackingMap, source: PackingSource, most: number): PackingDispatch {
  const { group, column, channel, tap } = map.source;
  const jobs = group.size * column.size;
  const workgroups = grid(jobs, most);
  const numbers = {
    jobs,
    grid_x: workgroups[0],
    offset: map.offset,
    columns: column.size,
    terms: channel.size * tap.size,
    taps: tap.size,
    group_stride: group.stride,
    column_stride: column.stride,
    channel_stride: channel.stride,
    tap_stride: tap.stride,
    scales_at: scalesAt(map),
    padded_columns: paddedColumns(map),
    ...factorNumbers(source),
  };
  return dispatch('scale columns', source, numbers, workgroups, 'var<workgroup> most: atomic<u32>;', scaleBody);
}

function factorNumbers({ factors }: PackingSource): Record<string, number> {
  return factors ? { factor_run: factors.run, factor_count: factors.count } : {};
}

function grid(count: number, most: number): [number, number, number] {
  const x = Math.min(count, most);
  return [x, Math.ceil(count / x), 1];
}

function dispatch(
  label: string,
  source: PackingSource,
  numbers: Readonly<Record<string, number>>,
  workgroups: readonly [number, number, number],
  declarations: string,
  body: string,
): PackingDispatch {
  const params = Object.entries(numbers).map(([name, value]): Param => ({ name, type: 'u32', value }));
  const factors: Binding[] = source.factors ? [{ name: 'factors', access: 'read', type: 'array<f32>' }] : [];
  const kernel = shader({
    label,
    bindings: [
      { name: 'source', access: 'read', type: 'array<u32>' },
      ...factors,
      { name: 'packed', access: 'read_write', type: 'array<u32>' },
    ],
    params,
    workgroupSize: [threads, 1, 1],
    declarations: `${loadCode(source)}\n${declarations}`,
    body,
  });
  return {
    kernel,
    workgroups,
    params,
    operands: source.factors ? ['source', 'factors', 'packed'] : ['source', 'packed'],
  };
}

/** The bits of an element of the source as f32, times its factor. */
function loadCode({ type, factors }: PackingSource): string {
  const bits = type === 'f32' ? 'source[at]' : 'bits_of_half((source[at >> 1u] >> (16u * (at & 1u))) & 0xffffu)';
  const factor = 'factors[(at / params.factor_run) % params.factor_count]';
  return [
    halfToFloatCode,
    'fn load(at: u32) -> u32 {',
    factors ? `return bitcast<u32>(bitcast<f32>(${bits}) * ${factor});` : `return ${bits};`,
    '}',
  ].join('\n');
}

/** The bits of a half's value as f32, by whole numbers: a device may take small halves for 0 where it converts them. */
const halfToFloatCode = `
fn bits_of_half(half: u32) -> u32 {
  let sign = (half & 0x8000u) << 16u;
  let magnitude = half & 0x7fffu;
  if (magnitude >= 0x7c00u) {
    return sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13u);
  }
  if (magnitude >= 0x400u) {
    return sign | ((magnitude << 13u) + 0x38000000u);
  }
  return sign | bitcast<u32>(f32(magnitude) * 0x1p-24f);
}`;

/** The half nearest to an f32, ties to even, by whole numbers: WGSL leaves the direction of its own rounding open. */
const floatToHalfCode = `
fn half_of_bits(bits: u32) -> u32 {
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  if (magnitude >= 0x477ff000u) {
    return sign | select(0x7c00u, 0x7e00u, magnitude > 0x7f800000u);
  }
  if (magnitude >= 0x38800000u) {
    return sign | ((magnitude + 0xfffu + ((magnitude >> 13u) & 1u) - 0x38000000u) >> 13u);
  }
  if (magnitude < 0x33000000u) {
    return sign;
  }
  let shift = 126u - (magnitude >> 23u);
  let mantissa = (magnitude & 0x7fffffu) | 0x800000u;
  return sign | ((mantissa + (1u << (shift - 1u)) - 1u + ((mantissa >> shift) & 1u)) >> shift);
}`;

/** `highHalf` in the low half of the result and `lowHalf` in the high half, of an f32 times 2^power. */
const splitCode = `
fn split_of_bits(bits: u32, power: i32) -> u32 {
  let exponent = i32((bits >> 23u) & 255u);
  var scaled = bits;
  if (exponent != 255) {
    let moved = exponent + power;
    scaled = select((bits & 0x807fffffu) | (u32(max(moved, 0)) << 23u), bits & 0x80000000u, exponent == 0 || moved <= 0);
  }
  var high = half_of_bits(scaled);
  if ((high & 0x7fffu) == 0u && (scaled & 0x7fffffffu) != 0u) {
    high |= 1u;
  }
  if ((high & 0x7c00u) == 0x7c00u) {
    return high;
  }
  let rest = bitcast<f32>(scaled) - bitcast<f32>(bits_of_half(high));
  return high | (half_of_bits(bitcast<u32>(rest)) << 16u);
}`;

function packDeclarations({ format }: PackingMap): string {
  return format === 'f32' ? '' : format === 'f16' ? floatToHalfCode : `${floatToHalfCode}\n${splitCode}`;
}

/** One thread a word of some rows: what the rows share is found once. */
function packBody({ format }: PackingMap): string {
  const elements = format === 'f32' ? [0] : [0, 1];
  const place = (name: string): string =>
    ['at_0', 'at_1', 'at_2', 'at_3', 'first', 'at_5'].map((at, i) => `${at} * params.${name}_${i}`).join(' + ');
  const element = (e: number): string[] => [
    `var bits_${e} = 0u;`,
    `if (column + ${e}u * params.column_5 < params.columns && channel + ${e}u * params.channel_5 < params.channels) {`,
    `bits_${e} = load(source_at + ${e}u * params.stride_5);`,
    '}',
  ];
  return [
    `let job = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${threads}u + local_index;`,
    'if (job >= params.jobs) {\nreturn;\n}',
    'let line = job / params.words;',
    'let word = job - line * params.words;',
    'let outer = line / params.chunks;',
    'let at_012 = outer / params.size_3;',
    'let at_01 = at_012 / params.size_2;',
    'let at_0 = at_01 / params.size_1;',
    'let at_1 = at_01 - at_0 * params.size_1;',
    'let at_2 = at_012 - at_01 * params.size_2;',
    'let at_3 = outer - at_012 * params.size_3;',
    `let at_5 = word * ${elements.length}u;`,
    `let first = (line - outer * params.chunks) * ${rows}u;`,
    `var source_at = params.offset + ${place('stride')};`,
    ...['group', 'column', 'channel'].map((name) => `var ${name} = ${place(name)};`),
    'var to = (outer * params.size_4 + first) * params.words + word;',
    `for (var row = first; row < min(first + ${rows}u, params.size_4); row++) {`,
    ...elements.flatMap(element),
    ...storeCode[format],
    'source_at += params.stride_4;',
    'to += params.words;',
    ...['group', 'column', 'channel'].map((name) => `${name} += params.${name}_4;`),
    '}',
  ].join('\n');
}

const storeCode: Readonly<Record<PackingMap['format'], readonly string[]>> = {
  f32: ['packed[to] = bits_0;'],
  f16: ['packed[to] = half_of_bits(bits_0) | (half_of_bits(bits_1) << 16u);'],
  'split-f16': [
    'let scale = params.scales_at + group * params.padded_columns + column;',
    'let split_0 = split_of_bits(bits_0, 127 - i32(packed[scale] >> 23u));',
    'let split_1 = split_of_bits(bits_1, 127 - i32(packed[scale + params.column_5] >> 23u));',
    'packed[to] = (split_0 & 0xffffu) | (split_1 << 16u);',
    'packed[to + params.low_at] = (split_0 >> 16u) | (split_1 & 0xffff0000u);',
  ],
};

/** One workgroup a column: the largest finite magnitude, and from it the inverse of the power of two for the column. */
const scaleBody = `
let job = workgroup_id.y * params.grid_x + workgroup_id.x;
if (job >= params.jobs) {
  return;
}
let group = job / params.columns;
let column = job - group * params.columns;
if (local_index == 0u) {
  atomicStore(&most, 0u);
}
workgroupBarrier();
let first = params.offset + group * params.group_stride + column * params.column_stride;
var largest = 0u;
for (var term = local_index; term < params.terms; term += ${threads}u) {
  let channel = term / params.taps;
  let tap = term - channel * params.taps;
  let magnitude = load(first + channel * params.channel_stride + tap * params.tap_stride) & 0x7fffffffu;
  largest = max(largest, select(0u, magnitude, magnitude < 0x7f800000u));
}
atomicMax(&most, largest);
workgroupBarrier();
if (local_index == 0u) {
  let bits = atomicLoad(&most);
  let power = select(min(100, 141 - i32(bits >> 23u)), 0, bits == 0u);
  packed[params.scales_at + group * params.padded_columns + column] = u32(127 - power) << 23u;
}`;
