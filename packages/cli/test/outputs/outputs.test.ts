import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tessera/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeNpy } from '../../src/npy.js';
import { outputFileNames } from '../../src/outputs/names.js';
import { prepareDirectory, writeOutputs } from '../../src/outputs/write.js';

const folder = mkdtempSync(join(tmpdir(), 'infer-outputs-'));
afterAll(() => rmSync(folder, { recursive: true }));

const tensor: Tensor = { dataType: 'float32', dims: [2], data: new Float32Array([1, 2]) };

describe('names of output files', () => {
  it('keep A-Za-z0-9._- and replace the rest', () => {
    expect(outputFileNames(['/layer.1/out:0', 'ok-1_a.b', '../up', '\u00e9\u{1f600}'])).toEqual([
      '_layer.1_out_0.npy',
      'ok-1_a.b.npy',
      '.._up.npy',
      '___.npy',
    ]);
  });

  it('get a number where they meet, also in another case', () => {
    expect(outputFileNames(['a/b', 'a:b', 'a_b_2', 'A_B'])).toEqual([
      'a_b.npy',
      'a_b_2.npy',
      'a_b_2_2.npy',
      'A_B_3.npy',
    ]);
  });

  it('are never too long for a file system', () => {
    expect(outputFileNames(['x'.repeat(1000)])[0].length).toBeLessThan(256);
  });
});

describe('writing outputs', () => {
  it('makes the directory and leaves whole files only', () => {
    const directory = join(folder, 'new', 'deep');
    prepareDirectory('--output-dir', directory);
    const files = writeOutputs(directory, { 'a/b': tensor, 'a:b': tensor });
    expect(files).toEqual({ 'a/b': join(directory, 'a_b.npy'), 'a:b': join(directory, 'a_b_2.npy') });
    expect(readdirSync(directory).sort()).toEqual(['a_b.npy', 'a_b_2.npy']);
    expect(decodeNpy(readFileSync(files['a/b']))).toEqual(tensor);
  });

  it('says what is wrong with the directory', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => prepareDirectory('--save', file)).toThrow(
      /--save .*file cannot be used: exists and is not a directory/,
    );
    expect(() => prepareDirectory('--output-dir', join(file, 'x'))).toThrow(
      /cannot be used: a part of the path is not a directory/,
    );
    expect(() => writeOutputs(join(folder, 'absent'), { a: tensor })).toThrow(/a\.npy cannot be written: no such file/);
  });

  it.runIf(process.platform === 'linux')('does not hang where the system makes no directories', () => {
    expect(() => prepareDirectory('--output-dir', '/proc/none')).toThrow(/none cannot be used/);
  });

  it('leaves nothing behind when it fails', () => {
    const directory = join(folder, 'blocked');
    prepareDirectory('--output-dir', join(directory, 'a.npy', 'x'));
    expect(() => writeOutputs(directory, { a: tensor })).toThrow(/a\.npy cannot be written/);
    expect(readdirSync(directory)).toEqual(['a.npy']);
  });
});
