import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { u32 } from './params.js';
import { storageEnables } from './storage-types.js';

const workgroupSize = 256;

export interface RotaryProblem {
  /** [batch, head, step, element]. */
  readonly x: Operand;
  readonly y: Operand;
  /** [position, pair], or [batch, step, pair] without positions. */
  readonly cosines: Operand;
  readonly sines: Operand;
  /** [batch, step]. */
  readonly positions?: Operand;
  /** Elements of a head that are turned; those after them are copied. */
  readonly rotated: number;
  /** Pairs are neighbours instead of lying half of `rotated` apart. */
  readonly isInterleaved: boolean;
}

const axes = ['batch', 'head', 'step', 'element'];

/** Turns pairs of elements by the angles of their step. */
export function rotaryEmission(problem: RotaryProblem, profile: DeviceProfile): Emission {
  const { x, y, cosines, sines, positions, rotated } = problem;
  const count = x.shape.reduce((total, size) => total * size, 1);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const angleStrides = (operand: Operand) => (positions ? [...operand.strides, 0] : operand.strides);
  const strided = (name: string, operand: Operand, strides = operand.strides): Param[] => [
    u32(`${name}_offset`, operand.offset),
    ...strides.map((stride, i) => u32(`${name}_stride${i}`, stride)),
  ];
  const params = [
    grid.param,
    u32('count', count),
    u32('half', rotated / 2),
    ...axes.map((name, i) => u32(name, x.shape[i])),
    ...strided('x', x),
    ...strided('y', y),
    ...strided('cosines', cosines, angleStrides(cosines)),
    ...strided('sines', sines, angleStrides(sines)),
    ...(positions ? [...strided('positions', positions), u32('last', cosines.shape[0] - 1)] : []),
  ];
  const at = (name: string, index: string) =>
    `${name}[params.${name}_offset + b * params.${name}_stride0 + h * params.${name}_stride1 + s * params.${name}_stride2 + (${index}) * params.${name}_stride3]`;
  const angle = (name: string) =>
    positions
      ? `f32(${name}[params.${name}_offset + position * params.${name}_stride0 + pair * params.${name}_stride1])`
      : `f32(${name}[params.${name}_offset + b * params.${name}_stride0 + s * params.${name}_stride1 + pair * params.${name}_stride2])`;
  const position = positions
    ? `let position = u32(clamp(i32(positions[params.positions_offset + b * params.positions_stride0 + s * params.positions_stride1]), 0, i32(params.last)));`
    : '';
  const operands = [x, y, cosines, sines, ...(positions ? [positions] : [])];
  const names = ['x', 'y', 'cosines', 'sines', 'positions'];
  const kernel = shader({
    label: 'rotary-embedding',
    enables: storageEnables(...operands.map(({ elementType }) => elementType)),
    bindings: operands.map(({ elementType }, i) => ({
      name: names[i],
      access: i === 1 ? ('read_write' as const) : ('read' as const),
      type: `array<${elementType}>`,
    })),
    params,
    workgroupSize: [workgroupSize, 1, 1],
    body: `
${invocationCode('i', workgroupSize)}
  let e = i % params.element;
  let s = i / params.element % params.step;
  let h = i / (params.element * params.step) % params.head;
  let b = i / (params.element * params.step * params.head);
  let value = ${at('x', 'e')};
  if (e >= 2u * params.half) {
    ${at('y', 'e')} = value;
    return;
  }
  let pair = ${problem.isInterleaved ? 'e / 2u' : 'e % params.half'};
  let is_second = ${problem.isInterleaved ? 'e % 2u == 1u' : 'e >= params.half'};
  let partner = ${problem.isInterleaved ? 'e ^ 1u' : 'select(e + params.half, e - params.half, is_second)'};
  ${position}
  let sine = ${angle('sines')};
  let turned = f32(value) * ${angle('cosines')} + f32(${at('x', 'partner')}) * select(-sine, sine, is_second);
  ${at('y', 'e')} = ${y.elementType}(turned);
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands };
}
