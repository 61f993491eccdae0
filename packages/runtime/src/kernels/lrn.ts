import { shader, type DeviceProfile, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { f32, offsetParam, u32 } from './params.js';
import { walkLength } from './reduce.js';
import { storageEnables } from './storage-types.js';
import { collapseWalk, walkCode } from './walk.js';

const workgroupSize = 128;

export interface LrnParameters {
  /** Channels in a window, which reaches floor((size - 1) / 2) channels back. */
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: number;
}

/** Local response normalization across channels (Krizhevsky et al., 2012): x / (bias + alpha / size * sum of squares)^beta. */
export function lrnEmission(lrn: LrnParameters, x: Operand, y: Operand, profile: DeviceProfile): Emission {
  const others = x.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
  const walk = collapseWalk({
    sizes: others.map((axis) => x.shape[axis]),
    strides: { x: others.map((axis) => x.strides[axis]), y: others.map((axis) => y.strides[axis]) },
  });
  const channels = x.shape[1];
  const positions = walkLength(walk);
  const code = walkCode('position', walk);
  const grid = gridOf(Math.ceil((positions * channels) / workgroupSize), profile);
  const isChannelInnermost = y.strides[1] === 1;
  const params: Param[] = [
    grid.param,
    u32('count', positions * channels),
    u32('positions', positions),
    u32('channels', channels),
    u32('before', Math.floor((lrn.size - 1) / 2)),
    u32('after', Math.ceil((lrn.size - 1) / 2)),
    offsetParam('x', x),
    offsetParam('y', y),
    u32('x_channel', x.strides[1]),
    u32('y_channel', y.strides[1]),
    f32('scale', lrn.alpha / lrn.size),
    f32('beta', lrn.beta),
    f32('bias', lrn.bias),
    ...code.params,
  ];
  const kernel = shader({
    label: 'lrn',
    enables: storageEnables(x.elementType),
    aliases: { T: x.elementType },
    consts: { CHANNEL_INNERMOST: isChannelInnermost ? 'true' : 'false' },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: code.declarations,
    body: `
${invocationCode('index', workgroupSize)}
  var c = index / params.positions;
  var position = index % params.positions;
  if (CHANNEL_INNERMOST) {
    c = index % params.channels;
    position = index / params.channels;
  }
  let base = params.x_offset + x_position(position);
  let first = max(c, params.before) - params.before;
  let last = min(c + params.after, params.channels - 1u);
  var squares = 0.0;
  for (var i = first; i <= last; i++) {
    let v = f32(x[base + i * params.x_channel]);
    squares += v * v;
  }
  let value = f32(x[base + c * params.x_channel]);
  let result = value * pow(params.bias + params.scale * squares, -params.beta);
  y[params.y_offset + y_position(position) + c * params.y_channel] = T(result);
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [x, y] };
}
