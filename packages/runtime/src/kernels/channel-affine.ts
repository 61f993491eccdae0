import {
  activationCode,
  shader,
  type ActivationFunction,
  type DeviceProfile,
  type Kernel,
  type Param,
} from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { f32, offsetParam, u32 } from './params.js';
import { walkLength } from './reduce.js';
import { storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const workgroupSize = 128;

/** How the coefficients of a channel c are had: from two tables, or from the four tensors of BatchNormalization. */
export type Coefficients =
  | { readonly kind: 'folded'; readonly scale: Operand; readonly shift: Operand }
  | {
      readonly kind: 'statistics';
      readonly scale: Operand;
      readonly bias: Operand;
      readonly mean: Operand;
      readonly variance: Operand;
      readonly epsilon: number;
    };

const formulas = {
  folded: `
fn transform(value: f32, c: u32) -> f32 {
  return value * f32(scale[c]) + f32(shift[c]);
}`,
  statistics: `
fn transform(value: f32, c: u32) -> f32 {
  let normalized = (value - f32(mean[c])) * inverseSqrt(f32(variance[c]) + params.epsilon);
  return normalized * f32(scale[c]) + f32(bias[c]);
}`,
};

function affineKernel(
  coefficients: Coefficients,
  tables: Readonly<Record<string, Operand>>,
  x: Operand,
  y: Operand,
  declarations: string,
  params: readonly Param[],
  activation: ActivationFunction | undefined,
): Kernel {
  const types = Object.values(tables).map((table) => table.elementType);
  return shader({
    label: 'channel-affine',
    enables: storageEnables(x.elementType, y.elementType, ...types),
    aliases: { X: x.elementType, Y: y.elementType },
    bindings: [
      { name: 'x', access: 'read', type: 'array<X>' },
      ...Object.entries(tables).map(([name, table]) => ({
        name,
        access: 'read' as const,
        type: `array<${table.elementType}>`,
      })),
      { name: 'y', access: 'read_write', type: 'array<Y>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: `${declarations}\n${formulas[coefficients.kind].trim()}\n${activationCode(activation, 'f32')}`,
    body: `
${invocationCode('index', workgroupSize)}
  let value = f32(x[params.x_offset + x_element(index)]);
  y[params.y_offset + y_element(index)] = Y(activate(transform(value, channel_element(index))));
`,
  });
}

export interface ChannelAffine {
  readonly coefficients: Coefficients;
  readonly x: Operand;
  readonly y: Operand;
  readonly activation?: ActivationFunction;
}

/** y = activation(x * scale[c] + shift[c]) over dimension 1 of x, in the order in which y lies. Tables are dense. */
export function channelAffineEmission(
  { coefficients, x, y, activation }: ChannelAffine,
  profile: DeviceProfile,
): Emission {
  const order = x.shape.map((_, axis) => axis).sort((a, b) => y.strides[b] - y.strides[a] || a - b);
  const walk = collapseWalk({
    sizes: order.map((axis) => x.shape[axis]),
    strides: {
      x: order.map((axis) => x.strides[axis]),
      y: order.map((axis) => y.strides[axis]),
      channel: order.map((axis) => (axis === 1 ? 1 : 0)),
    },
  });
  const count = walkLength(walk);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const code = walkCode('element', walk);
  const params: Param[] = [
    grid.param,
    u32('count', count),
    offsetParam('x', x),
    offsetParam('y', y),
    f32('epsilon', coefficients.kind === 'statistics' ? coefficients.epsilon : 0),
    ...code.params,
  ];
  const tables: Record<string, Operand> =
    coefficients.kind === 'folded'
      ? { scale: coefficients.scale, shift: coefficients.shift }
      : {
          scale: coefficients.scale,
          bias: coefficients.bias,
          mean: coefficients.mean,
          variance: coefficients.variance,
        };
  const kernel = affineKernel(coefficients, tables, x, y, code.declarations, params, activation);
  return { kernel, workgroups: grid.workgroups, params, operands: [x, ...Object.values(tables), y] };
}
