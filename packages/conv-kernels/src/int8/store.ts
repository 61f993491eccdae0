import type { OperandName } from '../plan.js';
import { activationCode } from '../wgsl/activation.js';
import type { Fragment } from '../wgsl/fragments.js';
import type { Binding, Param } from '../wgsl/shader.js';
import type { Int8Shape } from './implicit.js';

const limits = { int8: [-128, 127], uint8: [0, 255] } as const;

/** Offset from an element to the signed byte kernels compute with: unsigned elements are shifted into its range. */
export function signedShift(type: 'int8' | 'uint8'): number {
  return type === 'uint8' ? 128 : 0;
}

/** Uniform values for `storeInt8Fragment` and `zeroCode`, beside those of the geometry. */
export function int8Params({ gemm, arithmetic }: Int8Shape): readonly Param[] {
  const { inputZero, result, scale, weightZero } = arithmetic;
  const zero = 'zero' in result && result.zero !== 'operand' ? result.zero : 0;
  const divisor = 'divisor' in result ? (result.divisor ?? 1) : 1;
  const each = (where: 'none' | 'tensor' | 'channel'): number => (where === 'channel' ? 1 : 0);
  return [
    { name: 'input_zero', type: 'i32', value: inputZero === 'operand' ? 0 : inputZero },
    { name: 'output_zero', type: 'i32', value: zero },
    { name: 'divisor', type: 'f32', value: divisor },
    { name: 'scale_c', type: 'u32', value: each(scale) },
    { name: 'weight_zero_c', type: 'u32', value: each(weightZero) },
    { name: 'depth', type: 'i32', value: gemm.channels * gemm.taps },
  ];
}

/** Functions that give the zero points of signed bytes: `input_zero()` and `weight_zero(channel)`. */
export function zeroFragment({ arithmetic }: Int8Shape): Fragment {
  const { inputZero, inputType, weightZero, weightType } = arithmetic;
  const bindings: Binding[] = [];
  const operands: OperandName[] = [];
  const read = (name: 'inputZero' | 'weightZero'): void => {
    bindings.push({ name: name === 'inputZero' ? 'input_zeros' : 'weight_zeros', access: 'read', type: 'array<i32>' });
    operands.push(name);
  };
  if (inputZero === 'operand') read('inputZero');
  if (weightZero !== 'none') read('weightZero');
  const input = inputZero === 'operand' ? 'input_zeros[0]' : 'params.input_zero';
  const weight = weightZero === 'none' ? '0' : 'weight_zeros[channel * params.weight_zero_c]';
  return {
    bindings,
    operands,
    declarations: `fn input_zero() -> i32 {
  return ${input} - ${signedShift(inputType)};
}
fn weight_zero(channel: u32) -> i32 {
  return ${weight} - ${signedShift(weightType)};
}`,
  };
}

/**
 * The end of an int8 kernel: `store(group, place, column, sum)` turns one exact sum, bias not yet added, into a result.
 * With `quads`, `store_quad(group, place, column, sums)` stores four columns' results, as one word where they are bytes.
 */
export function storeInt8Fragment({ gemm, arithmetic }: Int8Shape): Fragment {
  const { result, bias, scale } = arithmetic;
  const bindings: Binding[] = [];
  const operands: OperandName[] = [];
  const add = (operand: OperandName, name: string, access: Binding['access'], type: string): void => {
    bindings.push({ name, access, type: `array<${type}>` });
    operands.push(operand);
  };
  if (bias) add('bias', 'bias', 'read', 'i32');
  if (scale !== 'none') add('scale', 'scale', 'read', 'f32');
  if ('zero' in result && result.zero === 'operand') add('outputZero', 'output_zeros', 'read', 'i32');
  const bytes = 'storage' in result && result.storage === 'bytes';
  add('output', 'output', 'read_write', result.type === 'f32' ? 'f32' : 'i32');
  const type = result.type === 'f32' ? 'f32' : 'i32';
  const slice = gemm.volume ? ' + place.out_z * params.y_z' : '';
  const address = `params.y_offset + group * params.y_g + place.image * params.y_n + place.out_y * params.y_y + place.out_x * params.y_x${slice}`;
  return {
    bindings,
    operands,
    declarations: [
      'activation' in result ? activationCode(result.activation, 'f32') : '',
      `fn finish(channel: u32, sum: i32) -> ${type} {`,
      `  let total = sum${bias ? ' + bias[channel]' : ''};`,
      ...finishLines(arithmetic),
      '}',
      bytes ? quadStore(address) : singleStore(address),
    ]
      .filter((line) => line !== '')
      .join('\n'),
  };
}

function finishLines({ result, scale }: Int8Shape['arithmetic']): string[] {
  if (result.type === 'int32') return ['  return total;'];
  const scaled = `f32(total)${scale === 'none' ? '' : ' * scale[channel * params.scale_c]'}`;
  const value = result.activation ? `activate(${scaled})` : scaled;
  if (result.type === 'f32') return [`  return ${value};`];
  const [low, high] = limits[result.type];
  const zero = result.zero === 'operand' ? 'output_zeros[0]' : 'params.output_zero';
  return [
    `  let value = ${value}${(result.divisor ?? 1) === 1 ? '' : ' / params.divisor'};`,
    `  return i32(clamp(round(value) + f32(${zero}), ${low}.0, ${high}.0));`,
  ];
}

function singleStore(address: string): string {
  return `fn store(group: u32, place: Place, column: u32, sum: i32) {
  if (column >= params.columns) {
    return;
  }
  output[${address} + column * params.y_c] = finish(group * params.bias_g + column, sum);
}
fn store_quad(group: u32, place: Place, column: u32, sums: vec4<i32>) {
  for (var l = 0u; l < min(4u, params.columns - column); l++) {
    store(group, place, column + l, sums[l]);
  }
}`;
}

/** Four bytes make a word, so that only whole words are stored. */
function quadStore(address: string): string {
  return `fn store_quad(group: u32, place: Place, column: u32, sums: vec4<i32>) {
  if (column >= params.columns) {
    return;
  }
  var word = 0u;
  for (var l = 0u; l < 4u; l++) {
    word |= (u32(finish(group * params.bias_g + column + l, sums[l])) & 0xffu) << (8u * l);
  }
  output[(${address} + column) >> 2u] = bitcast<i32>(word);
}`;
}
