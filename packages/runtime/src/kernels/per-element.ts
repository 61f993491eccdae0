import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { u32 } from './params.js';
import { storageEnables } from './storage-types.js';

const workgroupSize = 64;

/** A kernel of one invocation for each coordinate of `shape`. */
export interface PerElement {
  readonly label: string;
  readonly shape: readonly number[];
  /** By their names in WGSL; the last is written, the others are read unless `written` names them. */
  readonly operands: Readonly<Record<string, Operand>>;
  readonly written?: readonly string[];
  readonly params?: readonly Param[];
  readonly declarations?: string;
  /**
   * In scope: the coordinates `i0`, `i1`, ...; `params.size0`, ...; for every operand `params.<name>_offset` and
   * `params.<name>_stride0`, .... The body ends the invocation by `return`.
   */
  readonly body: string;
  readonly flops?: number;
}

/** Where an element of an operand lies, from WGSL expressions for its coordinates. */
export function place(name: string, coordinates: readonly string[]): string {
  const terms = coordinates.map((at, axis) => `(${at}) * params.${name}_stride${axis}`);
  return [`params.${name}_offset`, ...terms].join(' + ');
}

export function perElementEmission(kernel: PerElement, profile: DeviceProfile): Emission {
  const { shape } = kernel;
  const count = shape.reduce((total, size) => total * size, 1);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const names = Object.keys(kernel.operands);
  const operands = Object.values(kernel.operands);
  const written = kernel.written ?? [names[names.length - 1]];
  const params = [
    grid.param,
    u32('count', count),
    ...shape.map((size, axis) => u32(`size${axis}`, size)),
    ...names.flatMap((name, i) => [
      u32(`${name}_offset`, operands[i].offset),
      ...operands[i].strides.map((stride, axis) => u32(`${name}_stride${axis}`, stride)),
    ]),
    ...(kernel.params ?? []),
  ];
  const coordinates = shape
    .map((_, axis) => axis)
    .reverse()
    .map((axis) =>
      axis === 0 ? '  let i0 = rest;' : `  let i${axis} = rest % params.size${axis};\n  rest /= params.size${axis};`,
    );
  return {
    kernel: shader({
      label: kernel.label,
      enables: storageEnables(...operands.map(({ elementType }) => elementType)),
      aliases: Object.fromEntries(names.map((name, i) => [`T_${name}`, operands[i].elementType])),
      bindings: names.map((name) => ({
        name,
        access: written.includes(name) ? ('read_write' as const) : ('read' as const),
        type: `array<T_${name}>`,
      })),
      params,
      workgroupSize: [workgroupSize, 1, 1],
      declarations: kernel.declarations,
      body: `
${invocationCode('rest', workgroupSize, 'var')}
${coordinates.join('\n')}
${kernel.body}`,
    }),
    workgroups: grid.workgroups,
    params,
    operands,
    flops: kernel.flops,
  };
}
