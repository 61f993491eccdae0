import { shader, type DeviceProfile } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { copyEmission, copyWalk, isTransposed } from './copy.js';
import { gridOf } from './grid.js';
import { u32 } from './params.js';
import { walkLength } from './reduce.js';
import { storageEnables } from './storage-types.js';
import { walkCode, type Walk } from './walk.js';

const workgroupSize = 256;

/** One input, and the window of the output it fills. */
export interface Part {
  readonly from: Operand;
  readonly to: Operand;
}

/** Storage buffers of a kernel are few, and so are the words of its params: this many parts share a dispatch. */
function partsPerDispatch(profile: DeviceProfile): number {
  return Math.min(7, profile.maxStorageBuffers - 1);
}

/** Copies every part, several in one dispatch where none of them changes the order of its dimensions. */
export function concatEmissions(profile: DeviceProfile, parts: readonly Part[]): readonly Emission[] {
  const filled = parts.filter(({ from }) => !from.shape.includes(0));
  const isAlone = ({ from, to }: Part) => isTransposed(copyWalk(from, to));
  const alone = filled.filter(isAlone).map(({ from, to }) => copyEmission(profile, from, to));
  const together = filled.filter((part) => !isAlone(part));
  const emissions: Emission[] = [...alone];
  const limit = partsPerDispatch(profile);
  for (let i = 0; i < together.length; i += limit) {
    const group = together.slice(i, i + limit);
    emissions.push(group.length === 1 ? copyEmission(profile, group[0].from, group[0].to) : groupCopy(profile, group));
  }
  return emissions;
}

/** The walk in units of four elements, where both sides allow it. */
function quartered(walk: Walk, offsets: readonly number[]): Walk | undefined {
  const inner = walk.sizes.length - 1;
  const { x, y } = walk.strides;
  const values = [walk.sizes[inner], ...offsets, ...x.slice(0, inner), ...y.slice(0, inner)];
  if (x[inner] !== 1 || y[inner] !== 1 || values.some((value) => value % 4 !== 0)) return undefined;
  const quarter = (values: readonly number[]) => values.map((value, i) => (i === inner ? value : value / 4));
  return {
    sizes: walk.sizes.map((size, i) => (i === inner ? size / 4 : size)),
    strides: { x: quarter(x), y: quarter(y) },
  };
}

function groupCopy(profile: DeviceProfile, parts: readonly Part[]): Emission {
  const walks = parts.map(({ from, to }) => copyWalk(from, to));
  const quarters = walks.map((walk, i) => quartered(walk, [parts[i].from.offset, parts[i].to.offset]));
  const isVector = quarters.every((walk) => walk !== undefined);
  const units = isVector ? (quarters as Walk[]) : walks;
  const width = isVector ? 4 : 1;
  const codes = units.map((walk, i) => walkCode(`part${i}`, walk));
  const type = parts[0].from.elementType;
  let end = 0;
  const bounds = units.flatMap((walk, i) => [
    u32(`end${i}`, (end += walkLength(walk))),
    u32(`x_offset${i}`, parts[i].from.offset / width),
    u32(`y_offset${i}`, parts[i].to.offset / width),
  ]);
  const grid = gridOf(Math.ceil(end / workgroupSize), profile);
  const params = [grid.param, ...bounds, ...codes.flatMap((code) => code.params)];
  const branches = parts.map((_, i) => {
    const start = i === 0 ? '0u' : `params.end${i - 1}`;
    return `if (index < params.end${i}) {
    let i = index - ${start};
    y[params.y_offset${i} + y_part${i}(i)] = x${i}[params.x_offset${i} + x_part${i}(i)];
  }`;
  });
  const kernel = shader({
    label: 'concat',
    enables: storageEnables(type),
    aliases: { T: isVector ? `vec4<${type}>` : type },
    bindings: [
      ...parts.map((_, i) => ({ name: `x${i}`, access: 'read' as const, type: 'array<T>' })),
      { name: 'y', access: 'read_write', type: 'array<T>' },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: codes.map((code) => code.declarations).join('\n'),
    body: `
  let index = (workgroup_id.y * params.grid_x + workgroup_id.x) * ${workgroupSize}u + local_index;
  ${branches.join(' else ')}
`,
  });
  const operands = [...parts.map((part) => part.from), parts[0].to];
  const bytes = 2 * width * end * (type === 'f16' ? 2 : 4);
  return { kernel, workgroups: grid.workgroups, params, operands, algorithm: 'copy', bytes };
}
