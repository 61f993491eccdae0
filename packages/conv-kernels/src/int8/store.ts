import type { OperandName } from '../plan.js';
import { activationCode } from '../wgsl/activation.js';
import type { Fragment } from '../wgsl/fragments.js';
import type { Binding, Param } from '../wgsl/shader.js';
import { isVectorLayout } from '../implicit.js';
import type { Int8Shape } from './implicit.js';
import type { Int8Result, Int8Storage } from './problem.js';

const limits = { int8: [-128, 127], uint8: [0, 255] } as const;

/** Offset from an element to the signed byte kernels compute with: unsigned elements are shifted into its range. */
export function signedShift(type: 'int8' | 'uint8'): number {
  return type === 'uint8' ? 128 : 0;
}

/** Uniform values for `storeInt8Fragment` and `zeroCode`, beside those of the geometry. */
export function int8Params({ gemm, arithmetic }: Int8Shape): readonly Param[] {
  const { inputZero, result, weightZero } = arithmetic;
  const zero = 'zero' in result && result.zero !== 'operand' ? result.zero : 0;
  const divisor = 'divisor' in result ? (result.divisor ?? 1) : 1;
  const each = (where: 'none' | 'tensor' | 'channel'): number => (where === 'channel' ? 1 : 0);
  return [
    { name: 'input_zero', type: 'i32', value: inputZero === 'operand' ? 0 : inputZero },
    { name: 'output_zero', type: 'i32', value: zero },
    { name: 'divisor', type: 'f32', value: divisor },
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
 * The end of an int8 kernel: `store_quad(group, place, column, sums)` turns four columns' exact sums, bias not yet added, into
 * results, and stores them: as one word where they are bytes, and at once where they lie side by side.
 */
export function storeInt8Fragment({ gemm, arithmetic }: Int8Shape): Fragment {
  const { result, bias, scale } = arithmetic;
  const bindings: Binding[] = [];
  const operands: OperandName[] = [];
  const add = (operand: OperandName, name: string, access: Binding['access'], type: string): void => {
    bindings.push({ name, access, type: `array<${type}>` });
    operands.push(operand);
  };
  const isVector = isVectorLayout(gemm.output, gemm.columns);
  if (bias) add('bias', 'bias', 'read', isVector ? 'vec4<i32>' : 'i32');
  if (scale !== 'none') add('scale', 'scale', 'read', isVector && scale === 'channel' ? 'vec4<f32>' : 'f32');
  if ('zero' in result && result.zero === 'operand') add('outputZero', 'output_zeros', 'read', 'i32');
  const bytes = 'storage' in result && result.storage === 'bytes';
  const type = result.type === 'f32' ? 'f32' : 'i32';
  add('output', 'output', 'read_write', isVector && !bytes ? `vec4<${type}>` : type);
  const slice = gemm.volume ? ' + place.out_z * params.y_z' : '';
  const address = `params.y_offset + group * params.y_g + place.image * params.y_n + place.out_y * params.y_y + place.out_x * params.y_x${slice}`;
  return {
    bindings,
    operands,
    declarations: [
      'activation' in result ? activationCode(result.activation, isVector ? 'vec4<f32>' : 'f32') : '',
      finishCode(arithmetic, isVector),
      bytes ? byteStore(address) : isVector ? vectorStore(address) : singleStore(address),
    ]
      .filter((line) => line !== '')
      .join('\n'),
  };
}

/** `finish(channel, sum)`: the result of a sum, or of the sums of four successive channels. */
function finishCode({ result, bias, scale }: Int8Shape['arithmetic'], isVector: boolean): string {
  const of = (type: 'f32' | 'i32'): string => (isVector ? `vec4<${type}>` : type);
  const at = isVector ? 'channel >> 2u' : 'channel';
  const lines = [`let total = sum${bias ? ` + bias[${at}]` : ''};`];
  if (result.type === 'int32') {
    lines.push('return total;');
  } else {
    const factor = scale === 'none' ? '' : ` * scale[${scale === 'channel' ? at : '0'}]`;
    const scaled = `${of('f32')}(total)${factor}`;
    lines.push(`let value = ${result.activation ? `activate(${scaled})` : scaled};`);
    lines.push(result.type === 'f32' ? 'return value;' : roundingLine(result, of));
  }
  const type = of(result.type === 'f32' ? 'f32' : 'i32');
  return `fn finish(channel: u32, sum: ${of('i32')}) -> ${type} {\n  ${lines.join('\n  ')}\n}`;
}

function roundingLine(
  result: Extract<Int8Result, { readonly storage: Int8Storage }>,
  of: (type: 'f32' | 'i32') => string,
): string {
  const [low, high] = limits[result.type];
  const zero = result.zero === 'operand' ? 'output_zeros[0]' : 'params.output_zero';
  const steps = (result.divisor ?? 1) === 1 ? 'value' : 'value / params.divisor';
  const float = of('f32');
  return `return ${of('i32')}(clamp(round(${steps}) + f32(${zero}), ${float}(${low}.0), ${float}(${high}.0)));`;
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

function vectorStore(address: string): string {
  return `fn store_quad(group: u32, place: Place, column: u32, sums: vec4<i32>) {
  if (column >= params.columns) {
    return;
  }
  output[(${address} + column) >> 2u] = finish(group * params.bias_g + column, sums);
}`;
}

/** Four bytes make a word, so that only whole words are stored. */
function byteStore(address: string): string {
  return `fn store_quad(group: u32, place: Place, column: u32, sums: vec4<i32>) {
  if (column >= params.columns) {
    return;
  }
  let bytes = bitcast<vec4<u32>>(finish(group * params.bias_g + column, sums)) & vec4<u32>(0xffu);
  output[(${address} + column) >> 2u] = bitcast<i32>(bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u));
}`;
}
