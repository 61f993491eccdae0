import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { offsetParam, u32 } from './params.js';
import { accumulatorType, storageEnables } from './storage-types.js';

const workgroupSize = 64;

/** One spatial dimension of an image that blocks cover. */
export interface BlockAxis {
  readonly image: number;
  readonly block: number;
  readonly dilation: number;
  readonly padBefore: number;
  readonly stride: number;
  /** How many positions the block has. */
  readonly positions: number;
}

/** WGSL that visits, axis by axis, the elements of blocks that lie on one element of the image. */
function loops(axes: readonly BlockAxis[]): string {
  const opened = axes.map((_, d) => {
    const [element, place] = d === 0 ? ['0u', '0u'] : [`element${d - 1}`, `place${d - 1}`];
    return `
  for (var k${d} = 0u; k${d} < params.block${d}; k${d}++) {
    let from${d} = i32(at${d} + params.pad${d}) - i32(k${d} * params.dilation${d});
    if (from${d} < 0 || u32(from${d}) % params.stride${d} != 0u) { continue; }
    let position${d} = u32(from${d}) / params.stride${d};
    if (position${d} >= params.positions${d}) { continue; }
    let element${d} = ${element} * params.block${d} + k${d};
    let place${d} = ${place} * params.positions${d} + position${d};`;
  });
  const last = axes.length - 1;
  const read = `
    total += A(x[start + element${last} * params.element_stride + place${last} * params.place_stride]);`;
  return [...opened, read, '  }'.repeat(axes.length)].join('\n');
}

/** y [n, c, image...], dense, is the sum of the blocks x [n, c * block elements, positions] where they lie. */
export function col2imEmission(x: Operand, y: Operand, axes: readonly BlockAxis[], profile: DeviceProfile): Emission {
  const count = y.shape.reduce((product, size) => product * size, 1);
  const grid = gridOf(Math.ceil(count / workgroupSize), profile);
  const elements = axes.reduce((product, { block }) => product * block, 1);
  const params = [
    grid.param,
    u32('count', count),
    u32('channels', y.shape[1]),
    offsetParam('x', x),
    offsetParam('y', y),
    u32('batch_stride', x.strides[0]),
    u32('channel_stride', elements * x.strides[1]),
    u32('element_stride', x.strides[1]),
    u32('place_stride', x.strides[2]),
    ...axes.flatMap((axis, d) => [
      u32(`image${d}`, axis.image),
      u32(`block${d}`, axis.block),
      u32(`dilation${d}`, axis.dilation),
      u32(`pad${d}`, axis.padBefore),
      u32(`stride${d}`, axis.stride),
      u32(`positions${d}`, axis.positions),
    ]),
  ];
  const coordinates = axes
    .map((_, d) => `  let at${d} = rest % params.image${d};\n  rest /= params.image${d};`)
    .reverse();
  const kernel = shader({
    label: 'col2im',
    enables: storageEnables(x.elementType),
    aliases: { T: x.elementType, A: accumulatorType(x.elementType) },
    bindings: [
      { name: 'x', access: 'read', type: 'array<T>' },
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    body: `
${invocationCode('i', workgroupSize)}
  var rest = i;
${coordinates.join('\n')}
  let start = params.x_offset + (rest / params.channels) * params.batch_stride
    + (rest % params.channels) * params.channel_stride;
  var total = A(0);
${loops(axes)}
  y[params.y_offset + i] = T(total);
`,
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [x, y] };
}
