import { beforeAll, describe, expect, it } from 'vitest';
import { packByMap, packingDispatches, packParams, type PackingMap, type PackingSource } from '../src/index.js';
import { fromHalf, toHalves } from '../src/half.js';
import { implicitConv, implicitGemm, type ImplicitGemm } from '../src/implicit.js';
import { blockPacking, plainMap, tapPacking } from '../src/packing/blocks.js';
import { matrixPacking } from '../src/algorithms/matrix/packing.js';
import { convProblem } from './cases.js';
import { acquire, type TestDevice } from './harness.js';
import { random } from './random.js';

let test: TestDevice;

beforeAll(async () => {
  test = await acquire();
});

/** Numbers of many magnitudes, special ones among them, but none below 2^-126. */
function numbers(count: number, seed: number): Float32Array<ArrayBuffer> {
  const source = random(seed);
  const special = [0, -0, Infinity, -Infinity, 65504, 65519, 65520, 2 ** -24, 2 ** -25, 3 * 2 ** -26, -(2 ** -100), 1];
  const draw = (): number => (source.next() * 2 - 1) * 2 ** source.int(-30, 18);
  return Float32Array.from({ length: count }, () => (source.int(0, 30) === 0 ? special[source.int(0, 11)] : draw()));
}

async function packOnDevice(
  map: PackingMap,
  words: ArrayBufferView<ArrayBuffer>,
  source: PackingSource,
  factors: Float32Array<ArrayBuffer>,
): Promise<Uint32Array> {
  const { device } = test;
  const size = Math.ceil(packByMap(map, new Float32Array(0)).byteLength / 4) * 4;
  const upload = (data: ArrayBufferView<ArrayBuffer>, usage: number): GPUBuffer => {
    const buffer = device.createBuffer({ size: Math.ceil(data.byteLength / 4) * 4, usage });
    const bytes = new Uint8Array(buffer.size);
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  };
  const buffers = {
    source: upload(words, 0x80 | 0x8),
    factors: upload(factors, 0x80 | 0x8),
    packed: device.createBuffer({ size, usage: 0x80 | 0x4 }),
  };
  const encoder = device.createCommandEncoder();
  // A row of few workgroups, so that grids have several.
  for (const { kernel, params, operands, workgroups } of packingDispatches(map, source, 7)!) {
    const module = device.createShaderModule({ code: kernel.code });
    const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module } });
    const bound = [...operands.map((name) => buffers[name]), upload(packParams(params), 0x40 | 0x8)];
    const entries = bound.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(...workgroups);
    pass.end();
  }
  const staging = device.createBuffer({ size, usage: 0x1 | 0x8 });
  encoder.copyBufferToBuffer(buffers.packed, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(0x1);
  const result = new Uint32Array(staging.getMappedRange().slice(0));
  for (const buffer of [...Object.values(buffers), staging]) buffer.destroy();
  expect(test.errors).toEqual([]);
  return result;
}

function wordsOf(view: ArrayBufferView): Uint32Array {
  const bytes = new Uint8Array(Math.ceil(view.byteLength / 4) * 4);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  return new Uint32Array(bytes.buffer);
}

const tile = { rows: 32, columns: 16, depth: 32, subgroupRows: 16, subgroupColumns: 16 };
const units = { type: 'f16', parts: 1, m: 16, n: 16, k: 16, lanes: 32, pinsLanes: false } as const;

const conv = (kernel: [number, number], groups = 1): ImplicitGemm =>
  implicitConv(convProblem({ channels: [36, 44], size: [5, 6], kernel, groups }));
const halves = (p: ImplicitGemm): ImplicitGemm => ({ ...p, elementType: 'f16' });
const dense = (columns: number) => ({ offset: 0, batchStride: 0, rowStride: columns, columnStride: 1 });
const gemm = implicitGemm({
  batch: 1,
  m: 3,
  n: 70,
  k: 45,
  elementType: 'f32',
  a: dense(45),
  b: dense(70),
  c: dense(70),
  epilogue: { bias: false },
});

const cases: readonly { readonly name: string; readonly map: PackingMap; readonly count: number }[] = [
  { name: 'blocks of a grouped convolution', map: blockPacking(conv([1, 3], 4), 4, 8).map!, count: 44 * 9 * 3 },
  { name: 'blocks of halves', map: blockPacking(halves(conv([3, 2])), 32).map!, count: 44 * 36 * 6 },
  { name: 'blocks of a matrix', map: blockPacking(gemm, 16).map!, count: 70 * 45 },
  { name: 'taps', map: tapPacking(conv([3, 2], 4)).map!, count: 44 * 9 * 6 },
  { name: 'taps of halves', map: tapPacking(halves(conv([1, 1], 4))).map!, count: 44 * 9 },
  { name: 'an odd number of halves', map: plainMap(777, 'f16'), count: 777 },
  { name: 'plain numbers', map: plainMap(777, 'f32'), count: 777 },
  { name: 'slices of f32', map: matrixPacking(conv([3, 3]), tile, { ...units, type: 'f32' }).map!, count: 44 * 36 * 9 },
  { name: 'slices of f16', map: matrixPacking(halves(conv([3, 3], 2)), tile, units).map!, count: 44 * 18 * 9 },
  { name: 'split halves', map: matrixPacking(conv([3, 3]), tile, { ...units, parts: 2 }).map!, count: 44 * 36 * 9 },
  { name: 'split halves of a matrix', map: matrixPacking(gemm, tile, { ...units, parts: 2 }).map!, count: 70 * 45 },
];

describe('weights packed by the device', () => {
  it.each(cases)('have the bits that the host gives: $name', async ({ map, count }) => {
    const values = numbers(count, 11);
    const packed = await packOnDevice(map, values, { type: 'f32' }, new Float32Array(1));
    expect(packed).toEqual(wordsOf(packByMap(map, values)));
  });

  it.each(cases.slice(-3))('are multiplied by factors first: $name', async ({ map, count }) => {
    const values = numbers(count, 12).map((value) => (Number.isFinite(value) ? value : 1));
    const source = random(13);
    const factors = Float32Array.from({ length: 5 }, () => (source.next() - 0.5) * 2 ** source.int(-6, 6));
    const run = 7;
    const packed = await packOnDevice(map, values, { type: 'f32', factors: { run, count: 5 } }, factors);
    const scaled = values.map((value, i) => value * factors[Math.floor(i / run) % 5]);
    expect(packed).toEqual(wordsOf(packByMap(map, scaled)));
  });

  it.each(cases)('are read from halves: $name', async ({ map, count }) => {
    const stored = toHalves(numbers(count, 14));
    const packed = await packOnDevice(map, stored, { type: 'f16' }, new Float32Array(1));
    expect(packed).toEqual(wordsOf(packByMap(map, Float32Array.from(stored, fromHalf))));
  });

  it('take every half there is for what it is', async () => {
    const stored = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((bits) => !Number.isNaN(fromHalf(bits)));
    const packed = await packOnDevice(plainMap(stored.length, 'f16'), stored, { type: 'f16' }, new Float32Array(1));
    expect(packed).toEqual(wordsOf(stored));
  });
});

describe('packingDispatches', () => {
  it('has none for odd rows of halves', () => {
    const odd = tapPacking(halves(implicitConv(convProblem({ channels: [4, 5], size: [3, 2] })))).map!;
    expect(packingDispatches(odd, { type: 'f32' }, 65535)).toBeUndefined();
  });
});
