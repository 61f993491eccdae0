import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { memorySource, readInto, readTensor } from '@tessera/onnx-loader';
import { fileSource, loadOnnxFile } from '@tessera/onnx-loader/node';
import { decodeModel, encodeModel } from '@tessera/onnx-loader/schema';
import { buildModel } from '../../../tools/testing/index.js';
import { expectRefusal, reluModel, roundTrip } from './support.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onnx-loader-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const values = Float32Array.of(1, 2, 3);

/** A model in `folder` whose tensor 'w' of three floats is where `external` says. */
function writeModel(external: { location: string; offset?: number; length?: number }, file = 'model.onnx'): string {
  const path = join(folder, file);
  writeFileSync(
    path,
    buildModel(reluModel({ initializers: [{ name: 'w', dataType: 'float32', dims: [3], external }] })),
  );
  return path;
}

function readW(path: string): unknown {
  return readTensor(loadOnnxFile(path).graph.initializers.get('w')!);
}

describe('external data in files', () => {
  it('reads from an offset, aligned or not', () => {
    for (const offset of [0, 4, 7]) {
      const bytes = new Uint8Array(offset + 12 + 5).fill(0xee);
      bytes.set(new Uint8Array(values.buffer), offset);
      writeFileSync(join(folder, 'w.bin'), bytes);
      expect(readW(writeModel({ location: 'w.bin', offset, length: 12 }))).toEqual(values);
      expect(readW(writeModel({ location: './w.bin', offset }))).toEqual(values);
    }
  });

  it('reads part of a tensor into memory at hand, and no further than its end', () => {
    writeFileSync(
      join(folder, 'w.bin'),
      Uint8Array.from({ length: 20 }, (_, i) => i),
    );
    const { bytes } = loadOnnxFile(writeModel({ location: 'w.bin', offset: 4, length: 12 })).graph.initializers.get(
      'w',
    )!;
    const target = new Uint8Array(9).fill(0xee);
    readInto(bytes, 7, target.subarray(2, 7));
    expect([...target]).toEqual([0xee, 0xee, 11, 12, 13, 14, 15, 0xee, 0xee]);
    expect(() => readInto(bytes, 7, new Uint8Array(6))).toThrow('Cannot read 6 bytes from 7 on: there are 12');
    const view = new Uint8Array(2);
    readInto(memorySource(Uint8Array.of(1, 2, 3)), 1, view);
    expect([...view]).toEqual([2, 3]);
  });

  it('reads beyond 4 GiB', () => {
    const offset = 2 ** 32 + 5;
    const handle = openSync(join(folder, 'w.bin'), 'w');
    writeSync(handle, new Uint8Array(values.buffer), 0, 12, offset);
    closeSync(handle);
    expect(readW(writeModel({ location: 'w.bin', offset, length: 12 }))).toEqual(values);
  });

  it('reads from a folder below the model, and through links inside the folder', () => {
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data', 'w.bin'), new Uint8Array(values.buffer));
    symlinkSync(join('data', 'w.bin'), join(folder, 'link.bin'));
    expect(readW(writeModel({ location: 'data/w.bin' }))).toEqual(values);
    expect(readW(writeModel({ location: 'link.bin' }))).toEqual(values);
  });

  it('reads where the model and its data are links into one folder, as in a download cache', () => {
    mkdirSync(join(folder, 'blobs'));
    mkdirSync(join(folder, 'snapshot'));
    writeModel({ location: 'w.bin' }, join('blobs', 'a1'));
    writeFileSync(join(folder, 'blobs', 'b2'), new Uint8Array(values.buffer));
    symlinkSync(join('..', 'blobs', 'a1'), join(folder, 'snapshot', 'model.onnx'));
    symlinkSync(join('..', 'blobs', 'b2'), join(folder, 'snapshot', 'w.bin'));
    expect(readW(join(folder, 'snapshot', 'model.onnx'))).toEqual(values);
  });

  it('loads without the file and says which tensor wants what of it when read', () => {
    const path = writeModel({ location: 'w.bin', offset: 4096 });
    const model = loadOnnxFile(path);
    expectRefusal(
      () => readTensor(model.graph.initializers.get('w')!),
      /^model\.onnx: tensor 'w' needs 12 bytes from 4096 on in 'w\.bin', but there is no such file\.$/,
    );
    writeFileSync(join(folder, 'w.bin'), new Uint8Array(4100));
    expectRefusal(
      () => readTensor(model.graph.initializers.get('w')!),
      /12 bytes from 4096 on .* but it has 4100 bytes/,
    );
  });

  it('refuses links that lead out of the folder', () => {
    const outside = mkdtempSync(join(tmpdir(), 'onnx-loader-outside-'));
    writeFileSync(join(outside, 'w.bin'), new Uint8Array(values.buffer));
    symlinkSync(join(outside, 'w.bin'), join(folder, 'w.bin'));
    symlinkSync(outside, join(folder, 'data'));
    for (const location of ['w.bin', 'data/w.bin']) {
      expectRefusal(() => readW(writeModel({ location })), /it is a link that leads out of the model's folder/);
    }
    rmSync(outside, { recursive: true });
  });

  it('refuses a folder in place of a file', () => {
    mkdirSync(join(folder, 'w.bin'));
    expectRefusal(() => readW(writeModel({ location: 'w.bin' })), /w\.bin is not a file/);
    expectRefusal(() => loadOnnxFile(folder), /is not a file/);
  });

  it('says that a model file is missing', () => {
    expectRefusal(() => loadOnnxFile(join(folder, 'none.onnx')), /none\.onnx cannot be read: there is no such file/);
  });

  it('reads files by position', () => {
    writeFileSync(join(folder, 'f'), Uint8Array.of(1, 2, 3, 4));
    const source = fileSource(join(folder, 'f'));
    expect(source.byteLength).toBe(4);
    expect([...source.read(1, 2)]).toEqual([2, 3]);
    expect(() => source.read(2, 3)).toThrow(RangeError);
  });
});

describe('external data given by the caller', () => {
  const tensor = { dataType: 'float32', dims: [3], external: { location: 'w.bin', offset: 1 } } as const;

  it.each(['w.bin', './w.bin', './/w.bin'])('reads what the caller gives for %j', (location) => {
    const file = new Uint8Array(13);
    file.set(new Uint8Array(values.buffer), 1);
    const external = (asked: string) => {
      expect(asked).toBe('w.bin');
      return memorySource(file);
    };
    expect(readTensor(roundTrip({ ...tensor, external: { ...tensor.external, location } }, { external }))).toEqual(
      values,
    );
  });

  it('says so where the caller gives nothing', () => {
    expectRefusal(() => readTensor(roundTrip(tensor)), /in 'w\.bin', which was not given along with the model/);
  });

  it.each([
    '/etc/passwd',
    '../w.bin',
    'a/../../w.bin',
    'a\\..\\..\\w.bin',
    'C:\\w.bin',
    '\\\\host\\w.bin',
    'a\0b',
    '',
    '.',
  ])('refuses the location %j before anything is read', (location) => {
    expectRefusal(() => roundTrip({ ...tensor, external: { location } }), /the external location .* of tensor 'w'/);
  });

  it.each(['-1', '1e3', '0x10', 'many', '99999999999999999999'])('refuses the offset %j', (offset) => {
    const message = decodeModel(buildModel(reluModel({ initializers: [{ name: 'w', ...tensor }] })));
    message.graph!.initializer![0].externalData = [
      { key: 'location', value: 'w.bin' },
      { key: 'offset', value: offset },
    ];
    const path = join(folder, 'model.onnx');
    writeFileSync(path, encodeModel(message));
    expectRefusal(
      () => loadOnnxFile(path),
      /the offset of the external data of tensor 'w' is '.*', not a count of bytes/,
    );
  });

  it('refuses a length that the type and dims contradict', () => {
    expectRefusal(
      () => roundTrip({ ...tensor, external: { location: 'w.bin', length: 8 } }),
      /tensor 'w' needs 12 bytes by its type and dims but its external data are 8/,
    );
  });
});
