import { describe, expect, it } from 'vitest';
import { findBoxes } from '../src/model/boxes.js';
import { sortFiles } from '../src/model/files.js';
import { concreteDims } from '../src/model/inputs.js';
import { pictureTensor, normalizations } from '../src/model/normalize.js';
import { readNpy, writeNpy } from '../src/model/npy.js';
import { randomTensor } from '../src/model/random.js';
import { softmax } from '../src/softmax.js';

const float32 = (dims: readonly number[], data: readonly number[] | Float32Array) =>
  ({ dataType: 'float32', dims, data: Float32Array.from(data) }) as const;

describe('boxes', () => {
  it('reads a grid of objectness, box and classes', () => {
    const [rows, columns, channels] = [2, 2, 7];
    const values = new Float32Array(channels * rows * columns).fill(0);
    const set = (channel: number, cell: number, value: number) => (values[channel * 4 + cell] = value);
    set(0, 3, 0.9);
    set(5, 3, 0.1);
    set(6, 3, 0.8);
    set(1, 3, Math.atanh(0.5));
    const [box, ...others] = findBoxes({ out: float32([1, channels, rows, columns], values) })!;
    expect(others).toEqual([]);
    expect(box.label).toBe(1);
    expect(box.score).toBeCloseTo(0.9 ** 0.6 * 0.8 ** 0.4, 5);
    expect([box.left, box.right, box.top, box.bottom].map((v) => Math.round(v * 1e4) / 1e4)).toEqual([
      0.5, 1, 0.25, 0.75,
    ]);
  });

  it('reads scores beside corners, and drops what overlaps a better box of its class', () => {
    const scores = float32([1, 3, 2], [0.1, 0.9, 0.3, 0.7, 0.4, 0.6]);
    const corners = float32([1, 3, 4], [0, 0, 0.5, 0.5, 0.01, 0, 0.5, 0.5, 0.6, 0.6, 1, 1]);
    const found = findBoxes({ scores, corners })!;
    expect(found.map(({ label, score }) => [label, Math.fround(score)])).toEqual([
      [1, Math.fround(0.9)],
      [1, Math.fround(0.6)],
    ]);
  });

  it('sees none in classes or pictures', () => {
    expect(findBoxes({ scores: float32([1, 10], new Float32Array(10)) })).toBeUndefined();
    expect(findBoxes({ picture: float32([1, 3, 8, 8], new Float32Array(192)) })).toBeUndefined();
  });
});

describe('files', () => {
  const file = (name: string, text = 'x', type = '') => new File([text], name, { type });

  it('tells the model, its data, labels and pictures apart', async () => {
    const files = [file('a.onnx'), file('a.bin'), file('names.txt', 'cat\r\ndog\n'), file('p.png', 'x', 'image/png')];
    const { model, labels, pictures } = await sortFiles(files);
    expect(model!.name).toBe('a.onnx');
    expect(Object.keys('bytes' in model!.source ? model!.source.externalData! : {})).toEqual(['a.bin']);
    expect(labels).toEqual(['cat', 'dog']);
    expect(pictures.map((p) => p.name)).toEqual(['p.png']);
  });

  it('refuses two models, and files that are nothing', async () => {
    await expect(sortFiles([file('a.onnx'), file('b.onnx')])).rejects.toThrow('a.onnx and b.onnx');
    await expect(sortFiles([file('a.pdf')])).rejects.toThrow('a.pdf');
  });
});

it('sizes are those of the model, then those given, then 224 for sides of a picture and 1', () => {
  expect(concreteDims(['N', 3, 'height', 'width'], { height: 96 })).toEqual([1, 3, 96, 224]);
  expect(concreteDims(['N', 'length'], {})).toEqual([1, 1]);
});

describe('pictures as inputs', () => {
  const flat = (r: number, g: number, b: number) => ({
    width: 2,
    height: 2,
    planes: [r, g, b].map((v) => new Float32Array(4).fill(v)),
  });
  const named = (title: string) => normalizations.find((n) => n.title === title)!;

  it('are normalized by colour', () => {
    const { dims, data } = pictureTensor(flat(0.5, 0.25, 1), 3, 3, 5, named('ImageNet mean and deviation'));
    expect(dims).toEqual([1, 3, 3, 5]);
    expect((data as Float32Array)[0]).toBeCloseTo((0.5 - 0.485) / 0.229, 5);
    expect((data as Float32Array)[44]).toBeCloseTo((1 - 0.406) / 0.225, 5);
  });

  it('may have blue first, or one grey', () => {
    const bgr = pictureTensor(flat(0.5, 0.25, 1), 3, 1, 1, named('0 to 1, blue first'));
    expect([...(bgr.data as Float32Array)]).toEqual([1, 0.25, 0.5]);
    const grey = pictureTensor(flat(1, 1, 1), 1, 1, 1, named('0 to 255'));
    expect((grey.data as Float32Array)[0]).toBeCloseTo(255, 3);
  });
});

describe('arrays', () => {
  it('survive the way into an .npy file and back', async () => {
    const tensor = { dataType: 'int64', dims: [2, 2], data: BigInt64Array.of(1n, -2n, 3n, 2n ** 40n) } as const;
    expect(await readNpy(writeNpy(tensor)!)).toEqual(tensor);
  });

  it('of types that NumPy lacks are not written', () => {
    expect(writeNpy({ dataType: 'bfloat16', dims: [1], data: Uint16Array.of(0) })).toBeUndefined();
  });
});

describe('random inputs', () => {
  it('are equal for equal seeds and near standard normal', () => {
    const input = { name: 'x', dataType: 'float32' } as const;
    const data = randomTensor(input, [40, 50], 3).data as Float32Array;
    expect(randomTensor(input, [40, 50], 3).data).toEqual(data);
    const mean = data.reduce((a, b) => a + b, 0) / data.length;
    const variance = data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length;
    expect(Math.abs(mean)).toBeLessThan(0.1);
    expect(Math.abs(variance - 1)).toBeLessThan(0.15);
  });

  it('are zeros for integers, and refused for strings', () => {
    expect(randomTensor({ name: 'i', dataType: 'int64' }, [2], 1).data).toEqual(BigInt64Array.of(0n, 0n));
    expect(() => randomTensor({ name: 's', dataType: 'string' }, [2], 1)).toThrow('"s" is string');
  });
});

it('softmax survives large scores', () => {
  const [a, b] = softmax([1000, 1001]);
  expect(a + b).toBeCloseTo(1, 12);
  expect(b / a).toBeCloseTo(Math.E, 9);
});
