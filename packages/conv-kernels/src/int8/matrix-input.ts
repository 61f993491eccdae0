import { isVectorLayout, type GroupedLayout } from '../implicit.js';
import type { Binding } from '../wgsl/shader.js';
import { inputPixels, type Int8Shape } from './implicit.js';
import { signedShift } from './store.js';

/**
 * How a kernel on matrix units reads its input: bytes 16 or 4 at a time, elements of one 32-bit word each four at a time,
 * or bytes out of scratch, where a dispatch before has packed them.
 */
export type Int8Reading = 'vectors' | 'quads' | 'words' | 'packed';

const readings = {
  vectors: { type: 'vec4<u32>', width: 16 },
  quads: { type: 'u32', width: 4 },
  words: { type: 'vec4<i32>', width: 4 },
  packed: { type: 'vec4<u32>', width: 16 },
} as const;

/** The ways in which a problem's input can be read. */
export function int8Readings({ gemm, arithmetic }: Int8Shape): readonly Int8Reading[] {
  const { input, channels } = gemm;
  if (!isVectorLayout(input, channels)) return ['packed'];
  if (arithmetic.inputStorage === 'words') return ['words', 'packed'];
  const { offset, g, n, y, x } = input;
  return [[channels, offset, g, n, y, x].every((value) => value % 16 === 0) ? 'vectors' : 'quads'];
}

/** Bytes of packed input: channels of a group are padded to a multiple of 16. */
export function packedInputBytes({ gemm }: Int8Shape): number {
  return gemm.batch * inputPixels(gemm) * gemm.groups * packedChannels(gemm);
}

/** Words of the channels of a group in packed input. */
export function packedWords({ gemm }: Int8Shape): number {
  return packedChannels(gemm) / 4;
}

function packedChannels({ channels }: { readonly channels: number }): number {
  return Math.ceil(channels / 16) * 16;
}

/** Where the input lies that the kernel reads, and how many channels of a group are there. */
export function readInput(
  { gemm }: Int8Shape,
  reading: Int8Reading,
): { readonly layout: GroupedLayout; readonly channels: number } {
  if (reading !== 'packed') return { layout: gemm.input, channels: gemm.channels };
  const channels = packedChannels(gemm);
  const x = gemm.groups * channels;
  const y = gemm.inWidth * x;
  return { layout: { offset: 0, g: channels, n: inputPixels(gemm) * x, c: 1, z: 0, y, x }, channels };
}

export function int8InputBinding(reading: Int8Reading): Binding {
  return { name: 'input_words', access: 'read', type: `array<${readings[reading].type}>` };
}

/** What is to be added to a signed byte for the element as it lies in the buffer. */
function shiftOf({ arithmetic }: Int8Shape, reading: Int8Reading): number {
  return reading === 'packed' ? 0 : signedShift(arithmetic.inputType);
}

/** Declares what stands for an element outside the image, as elements lie in the buffer. */
export function outsideCode(shape: Int8Shape, reading: Int8Reading): string {
  const zero = `input_zero() + ${shiftOf(shape, reading)}`;
  if (reading === 'words') return `let outside = vec4i(${zero});`;
  const word = `u32((${zero}) & 255) * 0x01010101u`;
  return reading === 'quads' ? `let outside = ${word};` : `let outside = vec4u(${word});`;
}

/** Loads that fill sixteen bytes. */
function loadCount(reading: Int8Reading): number {
  return 16 / readings[reading].width;
}

function names(reading: Int8Reading, i: number): string[] {
  return Array.from({ length: loadCount(reading) }, (_, l) => `in_${i}_${l}`);
}

export function declareInput(reading: Int8Reading, i: number): string {
  return names(reading, i)
    .map((name) => `var ${name} = outside;`)
    .join('\n');
}

/** Loads sixteen channels from an element on into registers, as they are; `inside` is a test, or '' where all are. */
export function loadInput(reading: Int8Reading, i: number, at: string, inside: string, isWhole: boolean): string {
  const { width } = readings[reading];
  return names(reading, i)
    .map((name, l) => {
      const load = `${name} = input_words[(${at} + ${l * width}u) >> ${Math.log2(width)}u];`;
      const test = [inside, isWhole ? '' : `in_c + ${l * width}u < params.read_channels`].filter(Boolean).join(' && ');
      return test === '' ? load : `${name} = outside;\nif (${test}) {\n${load}\n}`;
    })
    .join('\n');
}

/** The loaded channels as sixteen signed bytes. */
export function stagedInput(shape: Int8Shape, reading: Int8Reading, i: number): string {
  const loaded = names(reading, i);
  const bytes =
    reading === 'words'
      ? `vec4u(${loaded.map((name) => `pack_bytes(${name})`).join(', ')})`
      : reading === 'quads'
        ? `vec4u(${loaded.join(', ')})`
        : loaded[0];
  return shiftOf(shape, reading) === 0 ? bytes : `${bytes} ^ vec4u(0x80808080u)`;
}

/** `pack_bytes(v)`: the lowest bytes of four words as one word. */
export const packBytesCode = `fn pack_bytes(v: vec4<i32>) -> u32 {
  let b = bitcast<vec4u>(v) & vec4u(0xffu);
  return b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u);
}`;
