import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { imageLayout, picturesToTensor, pictureSize, readPicture, toChannels } from '../../src/inputs/image.js';
import type { Picture } from '../../src/inputs/image.js';

const folder = mkdtempSync(join(tmpdir(), 'infer-image-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Two pixels wide, three high; value = 40 * row + 20 * column + channel. */
function picture(channels: 1 | 3 | 4): Picture {
  const data = Uint8Array.from({ length: 6 * channels }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    return 40 * Math.floor(pixel / 2) + 20 * (pixel % 2) + channel;
  });
  return { width: 2, height: 3, channels, data };
}

async function save(name: string, source: Picture): Promise<string> {
  const { width, height, data } = source;
  const file = join(folder, name);
  await sharp(data, { raw: { width, height, channels: source.channels as 3 } }).toFile(file);
  return file;
}

describe('the layout of an image', () => {
  it.each([
    [['N', 3, 'H', 'W'], { batch: 0, channel: 1, height: 2, width: 3, channels: 3 }],
    [[1, 1, 28, 28], { batch: 0, channel: 1, height: 2, width: 3, channels: 1 }],
    [[1, 4, 8, 9], { batch: 0, channel: 1, height: 2, width: 3, channels: 4 }],
    [[1, 224, 220, 3], { batch: 0, channel: 3, height: 1, width: 2, channels: 3 }],
    [[3, 20, 21], { channel: 0, height: 1, width: 2, channels: 3 }],
    [[20, 21, 3], { channel: 2, height: 0, width: 1, channels: 3 }],
    [['N', 20, 21], { batch: 0, height: 1, width: 2, channels: 1 }],
  ])('%j', (dims, expected) => {
    expect(imageLayout(dims)).toEqual({ rank: dims.length, ...expected });
  });

  it.each([[[1, 10]], [[1, 'C', 'H', 'W']], [[1, 2, 5, 5]], [[1, 3, 4, 5, 6]], [[]]])('%j is none', (dims) => {
    expect(imageLayout(dims)).toBeUndefined();
  });
});

describe('pictures as tensors', () => {
  const nchw = imageLayout([1, 3, 3, 2])!;

  it('scale by 1/255, channels first', () => {
    const { dims, data } = picturesToTensor([picture(3)], nchw, 'float32', {}, 'x');
    expect(dims).toEqual([1, 3, 3, 2]);
    const expected = [0, 1, 2].flatMap((c) => [0, 20, 40, 60, 80, 100].map((value) => Math.fround((value + c) / 255)));
    expect([...(data as Float32Array)]).toEqual(expected);
  });

  it('keep channels last, and put blue first', () => {
    const nhwc = imageLayout([1, 3, 2, 3])!;
    expect(nhwc.channel).toBe(1);
    const last = imageLayout([1, 9, 2, 3])!;
    const { dims, data } = picturesToTensor([picture(3)], last, 'float32', { scale: 1, bgr: true }, 'x');
    expect(dims).toEqual([1, 3, 2, 3]);
    expect([...(data as Float32Array)].slice(0, 6)).toEqual([2, 1, 0, 22, 21, 20]);
  });

  it('apply mean and std of the channel of the tensor, after blue went first', () => {
    const options = { scale: 1, mean: [10, 20, 30], std: [1, 2, 4], bgr: true };
    const { data } = picturesToTensor([picture(3)], nchw, 'float32', options, 'x');
    expect([data[0], data[6], data[12]]).toEqual([2 - 10, (1 - 20) / 2, (0 - 30) / 4]);
  });

  it('keep alpha last when blue goes first', () => {
    const rgba = imageLayout([1, 4, 3, 2])!;
    const { data } = picturesToTensor([picture(4)], rgba, 'float32', { scale: 1, bgr: true }, 'x');
    expect([data[0], data[6], data[12], data[18]]).toEqual([2, 1, 0, 3]);
  });

  it('lie along the batch', () => {
    const second = { ...picture(3), data: picture(3).data.map((value) => value + 100) };
    const { dims, data } = picturesToTensor([picture(3), second], nchw, 'float32', { scale: 1 }, 'x');
    expect(dims).toEqual([2, 3, 3, 2]);
    expect([data[0], data[18]]).toEqual([0, 100]);
  });

  it('stay as they are for integers, and are rounded where scaled', () => {
    const raw = picturesToTensor([picture(1)], imageLayout([1, 1, 3, 2])!, 'uint8', {}, 'x');
    expect(raw.data).toEqual(picture(1).data);
    const moved = picturesToTensor([picture(1)], imageLayout([1, 1, 3, 2])!, 'int8', { mean: [128], std: [3] }, 'x');
    expect(moved.data).toEqual(Int8Array.from([0, 20, 40, 60, 80, 100], (value) => Math.round((value - 128) / 3)));
    expect(() =>
      picturesToTensor([{ ...picture(1), data: new Uint8Array(6).fill(200) }], nchw, 'int8', {}, 'x'),
    ).toThrow(/x gives the value 200, which does not fit.*int8/);
  });

  it('are float16 bits for such an input', () => {
    const { data } = picturesToTensor([picture(1)], imageLayout([1, 1, 3, 2])!, 'float16', { scale: 0.05 }, 'x');
    expect(data).toEqual(new Uint16Array([0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500]));
  });

  it('want one mean, or one a channel', () => {
    expect(() => picturesToTensor([picture(1)], imageLayout([1, 1, 3, 2])!, 'float32', { mean: [1, 2] }, 'x')).toThrow(
      '--mean has 2 numbers, but the input has one channel: give 1',
    );
    expect(() => picturesToTensor([picture(3)], nchw, 'float32', { mean: [1, 2] }, 'x')).toThrow(
      /--mean has 2 numbers.*3/,
    );
  });
});

describe('reading pictures', () => {
  it('gives the pixels of a file of the right size', async () => {
    const file = await save('rgb.png', picture(3));
    expect(await pictureSize(file)).toEqual({ width: 2, height: 3 });
    expect((await readPicture(file, 2, 3, 3)).data).toEqual(Buffer.from(picture(3).data));
  });

  it('stretches to a size', async () => {
    const flat = await save('flat.png', { ...picture(3), data: new Uint8Array(18).fill(77) });
    const read = await readPicture(flat, 5, 4, 3);
    expect([read.width, read.height, read.data.length]).toEqual([5, 4, 60]);
    expect(new Set(read.data)).toEqual(new Set([77]));
  });

  it('drops alpha, adds it, and makes gray', async () => {
    const file = await save('rgba.png', picture(4));
    const rgb = await readPicture(file, 2, 3, 3);
    expect([...rgb.data].slice(0, 6)).toEqual([0, 1, 2, 20, 21, 22]);
    const gray = await readPicture(file, 2, 3, 1);
    expect([...gray.data]).toEqual([1, 21, 41, 61, 81, 101]);
    const opaque = await readPicture(await save('opaque.png', picture(3)), 2, 3, 4);
    expect([...opaque.data].slice(0, 4)).toEqual([0, 1, 2, 255]);
  });

  it('makes colour of gray', () => {
    expect([...toChannels({ ...picture(1), data: new Uint8Array([9, 8, 7, 6, 5, 4]) }, 3).data].slice(0, 4)).toEqual([
      9, 9, 9, 8,
    ]);
  });

  it('turns by the EXIF orientation', async () => {
    const file = join(folder, 'turned.jpg');
    const { width, height, data } = picture(3);
    await sharp(data, { raw: { width, height, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .toFile(file);
    expect(await pictureSize(file)).toEqual({ width: 3, height: 2 });
  });

  it('names a file that is none', async () => {
    const file = join(folder, 'broken.png');
    writeFileSync(file, 'no picture');
    await expect(pictureSize(file)).rejects.toThrow(/broken\.png cannot be read as a picture/);
    await expect(readPicture(file, 2, 2, 3)).rejects.toThrow(/broken\.png cannot be read as a picture/);
    await expect(readPicture(join(folder, 'none.png'), 2, 2, 3)).rejects.toThrow(/none\.png cannot be read/);
  });
});
