import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodeTensor } from '../../../tools/testing/index.js';
import { fillFeeds, planFeeds, type FeedOptions } from '../src/inputs/feeds.js';
import { randomTensor } from '../src/inputs/random.js';
import { encodeNpy } from '../src/npy.js';
import type { ValueMetadata } from '@tessera/runtime';
import { temporaryFolder, value } from './fake.js';

const folder = temporaryFolder();
const options = { files: [], dims: {}, seed: 0, pixels: {} };

async function buildFeeds(inputs: readonly ValueMetadata[], given: FeedOptions) {
  const plan = await planFeeds(inputs, given);
  return { ...plan, tensors: fillFeeds(plan) };
}

function npy(name: string, dims: number[], first = 0): string {
  const data = Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => first + i);
  writeFileSync(join(folder, name), encodeNpy({ dataType: 'float32', dims, data }));
  return join(folder, name);
}

async function png(name: string, width: number, height: number, background: string): Promise<string> {
  await sharp({ create: { width, height, channels: 3, background } }).toFile(join(folder, name));
  return join(folder, name);
}

describe('feeds', () => {
  it('go to the named inputs, then to the first that is free', async () => {
    const inputs = [value('a', 'float32', 1), value('b', 'float32', 1), value('c=d', 'float32', 1)];
    const files = [npy('0.npy', [1], 10), `a=${npy('1.npy', [1], 20)}`, `c=d=${npy('2.npy', [1], 30)}`];
    const { tensors, sources } = await buildFeeds(inputs, { ...options, files });
    expect(['a', 'b', 'c=d'].map((name) => tensors[name].data[0])).toEqual([20, 10, 30]);
    expect(sources.map(({ kind }) => kind)).toEqual(['array', 'array', 'array']);
  });

  it('stack arrays and pictures along the batch', async () => {
    const inputs = [value('x', 'float32', 'N', 2), value('y', 'float32', 'N', 3, 2, 4)];
    const [red, blue] = [await png('red.png', 9, 7, '#ff0000'), await png('blue.png', 5, 5, '#0000ff')];
    const files = [`x=${npy('s.npy', [1, 2])}`, `x=${npy('t.npy', [1, 2], 5)}`, `y=${red}`, `y=${blue}`];
    const { tensors, dims, assumed } = await buildFeeds(inputs, { ...options, files });
    expect(tensors.x).toEqual({ dataType: 'float32', dims: [2, 2], data: new Float32Array([0, 1, 5, 6]) });
    expect(tensors.y.dims).toEqual([2, 3, 2, 4]);
    expect([tensors.y.data[0], tensors.y.data[8], tensors.y.data[24], tensors.y.data[40]]).toEqual([1, 0, 0, 1]);
    expect([dims, assumed]).toEqual([{ N: 2 }, []]);
  });

  it("take a picture's own size for symbols, unless --dim says another", async () => {
    const inputs = [value('x', 'uint8', 'N', 'H', 'W', 3)];
    const files = [await png('gray.png', 5, 3, '#808080')];
    const own = await buildFeeds(inputs, { ...options, files });
    expect([own.tensors.x.dims, own.tensors.x.data[0]]).toEqual([[1, 3, 5, 3], 128]);
    const sized = await buildFeeds(inputs, { ...options, files, dims: { H: 7 } });
    expect([sized.tensors.x.dims, sized.dims]).toEqual([[1, 7, 5, 3], { H: 7, N: 1, W: 5 }]);
  });

  it('take sizes of arrays for pictures', async () => {
    const inputs = [value('picture', 'float32', 1, 3, 'S', 'S'), value('mask', 'float32', 'S')];
    const files = [await png('p.png', 5, 3, '#808080'), npy('mask.npy', [4])];
    expect((await buildFeeds(inputs, { ...options, files })).tensors.picture.dims).toEqual([1, 3, 4, 4]);
  });

  it('read a TensorProto', async () => {
    const { TensorProto } = onnxProto.onnx;
    const message = encodeTensor({ dataType: 'int64', dims: [2, 2], data: [1, 2, 3, -4] });
    writeFileSync(join(folder, 'ids.pb'), TensorProto.encode(message).finish());
    const { tensors } = await buildFeeds([value('ids', 'int64', 'N', 2)], {
      ...options,
      files: [join(folder, 'ids.pb')],
    });
    expect(tensors.ids).toEqual({ dataType: 'int64', dims: [2, 2], data: new BigInt64Array([1n, 2n, 3n, -4n]) });
  });

  it('are random elsewhere, with 1 for symbols that nothing gives a size', async () => {
    const inputs = [value('x', 'float32', 'N', 5, 'W'), value('flag', 'bool')];
    const feeds = await buildFeeds(inputs, { ...options, dims: { N: 2 } });
    expect(feeds).toMatchObject({ dims: { N: 2, W: 1 }, assumed: ['W'] });
    expect([feeds.tensors.x.dims, feeds.tensors.flag.dims]).toEqual([[2, 5, 1], []]);
    await expect(buildFeeds([{ name: 'x', dataType: 'float32' }], options)).rejects.toThrow(/does not say the shape/);
  });
});

describe('random values', () => {
  it('are standard normal floats', () => {
    const data = randomTensor('x', 'float32', [101, 99], 1).data as Float32Array;
    const mean = data.reduce((sum, v) => sum + v, 0) / data.length;
    const variance = data.reduce((sum, v) => sum + (v - mean) ** 2, 0) / data.length;
    expect(Math.abs(mean)).toBeLessThan(0.05);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });

  it.each([
    ['int64', 10],
    ['uint8', 10],
    ['int4', 8],
    ['bool', 2],
  ] as const)('are small integers: %s', (dataType, limit) => {
    const values = Array.from(randomTensor('x', dataType, [999], 1).data as Uint8Array, Number);
    expect([Math.min(...values), Math.max(...values)]).toEqual([0, limit - 1]);
  });

  it('depend on the name and the seed alone', () => {
    const one = randomTensor('x', 'float64', [9], 1);
    expect(randomTensor('x', 'float64', [9], 1)).toEqual(one);
    expect(randomTensor('y', 'float64', [9], 1).data).not.toEqual(one.data);
    expect(randomTensor('x', 'float64', [9], 2).data).not.toEqual(one.data);
    expect(() => randomTensor('x', 'string', [1], 1)).toThrow(/"x" holds string/);
  });
});
