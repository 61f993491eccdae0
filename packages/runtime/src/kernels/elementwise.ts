import { shader, type DeviceProfile, type ElementType, type Param } from '@tessera/conv-kernels';
import type { Emission, Operand } from '../operators/types.js';
import { gridOf, invocationCode } from './grid.js';
import { mathFunctions, type MathFunction } from './math.js';
import { memoryOrder, pick } from './order.js';
import { u32 } from './params.js';
import { walkLength } from './reduce.js';
import { accumulatorType, storageEnables } from './storage-types.js';
import { collapseWalk, walkCode, type Walk } from './walk.js';

const workgroupSize = 256;

/** Names of the inputs, in a formula and in the kernel. */
const names = ['a', 'b', 'c'] as const;

/**
 * What is computed for each element. `wgsl` is the body of `fn apply(a: A, b: B, c: C) -> R`, with as many arguments
 * as there are inputs; A, B and C are f32, i32 or u32 (bool is u32, 0 or 1), and so is R.
 */
export interface Formula {
  readonly label: string;
  readonly wgsl: string;
  readonly functions?: readonly MathFunction[];
  readonly params?: readonly Param[];
}

/** How one input is read: `width` elements of the output at a time. */
interface Reader {
  readonly type: string;
  readonly code: string;
  readonly params: readonly Param[];
}

/** The dimensions of the output, outermost in memory first, as one input crosses them. */
function inputWalk(input: Operand, output: Operand): Walk {
  const order = memoryOrder(output);
  return collapseWalk({ sizes: pick(output.shape, order), strides: { at: pick(input.strides, order) } });
}

function isDivisible(values: readonly number[], by: number): boolean {
  return values.every((value) => value % by === 0);
}

/** An input at one unit of the output: one element, four neighbours, one element four times, or four elements apart. */
function reader(name: string, input: Operand, output: Operand, width: number): Reader {
  const walk = inputWalk(input, output);
  const inner = walk.sizes.length - 1;
  const [size, stride] = [walk.sizes[inner], walk.strides.at[inner]];
  const outer = walk.strides.at.slice(0, inner);
  const alias = name.toUpperCase();
  const offset = (value: number): Param => u32(`${name}_offset`, value);
  const head = `fn load_${name}(index: u32) -> ${width === 4 ? `vec4<${alias}>` : alias} {`;
  const units = (divisor: number): Walk => ({
    sizes: [...walk.sizes.slice(0, inner), size / width],
    strides: { at: [...outer.map((s) => s / divisor), stride] },
  });
  const element = `${name}[params.${name}_offset + at_${name}(index)]`;
  if (width === 4 && size % 4 === 0 && stride === 1 && isDivisible([input.offset, ...outer], 4)) {
    const { declarations, params } = walkCode(name, units(4));
    const code = `${declarations}\n${head} return vec4<${alias}>(${element}); }`;
    return { type: `array<vec4<${input.elementType}>>`, code, params: [offset(input.offset / 4), ...params] };
  }
  const isOne = width === 1 || (size % 4 === 0 && stride === 0);
  const { declarations, params } = walkCode(name, isOne ? units(1) : walk);
  const lanes = [0, 1, 2, 3].map(
    (lane) => `${alias}(${name}[params.${name}_offset + at_${name}(4u * index + ${lane}u)])`,
  );
  const one = width === 4 ? `vec4<${alias}>(${alias}(${element}))` : `${alias}(${element})`;
  const value = isOne ? one : `vec4<${alias}>(${lanes.join(', ')})`;
  const type = `array<${input.elementType}>`;
  return { type, code: `${declarations}\n${head} return ${value}; }`, params: [offset(input.offset), ...params] };
}

function applyFunction(formula: Formula, count: number): string {
  const list = names.slice(0, count).map((name) => `${name}: ${name.toUpperCase()}`);
  return `fn apply(${list.join(', ')}) -> R {\n  ${formula.wgsl.trim()}\n}`;
}

function bodyOf(count: number, width: number): string {
  const inputs = names.slice(0, count);
  const call = (suffix: string) => `Y(apply(${inputs.map((name) => `${name}_value${suffix}`).join(', ')}))`;
  const result = width === 1 ? call('') : `vec4<Y>(${['.x', '.y', '.z', '.w'].map(call).join(',\n    ')})`;
  return `
${invocationCode('index', workgroupSize)}
${inputs.map((name) => `  let ${name}_value = load_${name}(index);`).join('\n')}
  y[index] = ${result};
`;
}

/**
 * output = formula(inputs...) element by element. Every input has the output's shape (broadcast ones with strides 0)
 * and any strides; the output is dense, in any order of its dimensions, at offset 0.
 */
export function elementwiseEmission(
  formula: Formula,
  inputs: readonly Operand[],
  output: Operand,
  profile: DeviceProfile,
): Emission {
  const count = walkLength({ sizes: output.shape, strides: {} });
  const width = count % 4 === 0 ? 4 : 1;
  const readers = inputs.map((input, i) => reader(names[i], input, output, width));
  const grid = gridOf(Math.ceil(count / width / workgroupSize), profile);
  const params: Param[] = [
    grid.param,
    u32('count', count / width),
    ...readers.flatMap((r) => r.params),
    ...(formula.params ?? []),
  ];
  const types: Record<string, ElementType> = { R: accumulatorType(output.elementType), Y: output.elementType };
  inputs.forEach((input, i) => (types[names[i].toUpperCase()] = accumulatorType(input.elementType)));
  const kernel = shader({
    label: formula.label,
    enables: storageEnables(output.elementType, ...inputs.map((input) => input.elementType)),
    aliases: types,
    bindings: [
      ...readers.map((r, i) => ({ name: names[i], access: 'read' as const, type: r.type })),
      {
        name: 'y',
        access: 'read_write' as const,
        type: width === 4 ? `array<vec4<${output.elementType}>>` : `array<${output.elementType}>`,
      },
    ],
    params,
    workgroupSize: [workgroupSize, 1, 1],
    declarations: [
      mathFunctions(formula.functions ?? []),
      ...readers.map((r) => r.code),
      applyFunction(formula, inputs.length),
    ].join('\n'),
    body: bodyOf(inputs.length, width),
  });
  return { kernel, workgroups: grid.workgroups, params, operands: [...inputs, output], algorithm: 'elementwise' };
}
