import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { decodeNpy, encodeNpy } from '../src/npy.js';
import { inferProcess } from '../test/process.js';

const digits = fileURLToPath(new URL('../../../examples/digits/', import.meta.url));
const model = join(digits, 'digits.onnx');

let folder: string;
let input: string;
const output = (name: string) => join(folder, name);
const batch = (...args: readonly string[]) => inferProcess(['batch', ...args]);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-batch-'));
  input = join(folder, 'in');
  mkdirSync(join(input, 'more'), { recursive: true });
  for (const name of readdirSync(digits).filter((file) => file.endsWith('-a.png')))
    cpSync(join(digits, name), join(input, name));
  cpSync(join(digits, 'digit-8-b.png'), join(input, 'more', 'digit-8-b.png'));
  writeFileSync(join(input, 'notes.txt'), 'passed over');
});
afterAll(() => rmSync(folder, { recursive: true }));

function best(path: string): number {
  const data = Array.from(decodeNpy(readFileSync(path)).data as Float32Array);
  return data.indexOf(Math.max(...data));
}

describe('infer batch', () => {
  it('does every file once, and only what is missing when it is run again', async () => {
    const out = output('all');
    expect(batch(model, '--input', input, '--output', out).stdout).toBe('11 done, 0 there already, 0 failed\n');
    for (const digit of [0, 1, 2, 3, 4, 5, 6, 7, 9]) expect(best(join(out, `digit-${digit}-a.png.npy`))).toBe(digit);
    expect(best(join(out, 'more', 'digit-8-b.png.npy'))).toBe(8);
    const kept = statSync(join(out, 'digit-0-a.png.npy')).mtimeMs;
    rmSync(join(out, 'digit-1-a.png.npy'));
    expect(batch(model, '--input', input, '--output', out).stdout).toBe('1 done, 10 there already, 0 failed\n');
    expect(statSync(join(out, 'digit-0-a.png.npy')).mtimeMs).toBe(kept);
    expect(readdirSync(out).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('does each item in exactly one shard', async () => {
    const out = output('shards');
    const counts: number[] = [];
    for (const shard of ['0/3', '1/3', '2/3']) {
      const { stdout } = batch(model, '--input', input, '--output', out, '--shard', shard);
      counts.push(Number(/^(\d+) done/.exec(stdout)?.[1]));
    }
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(11);
  });

  it('goes on where an item fails, and says which', async () => {
    const bad = join(folder, 'bad');
    mkdirSync(bad);
    writeFileSync(join(bad, 'broken.png'), 'no picture');
    cpSync(join(digits, 'digit-2-a.png'), join(bad, 'good.png'));
    const { status, stdout, stderr } = batch(model, '--input', bad, '--output', output('failed'));
    expect([status, stdout]).toEqual([1, '1 done, 0 there already, 1 failed\n']);
    expect(stderr).toContain('infer: broken.png: ');
    expect(stderr).toContain('1 item could not be done; the same command tries them again');
    expect(existsSync(join(output('failed'), 'good.png.npy'))).toBe(true);
  });

  it('takes folders for models of several inputs, and writes folders for several outputs', async () => {
    const sum = join(folder, 'sum.onnx');
    const value = (name: string) => ({ name, dataType: 'float32' as const, dims: ['N', 2] });
    const nodes = ['Add', 'Sub'].map((opType, i) => ({ opType, inputs: ['a', 'b'], outputs: [i === 0 ? 's' : 'd'] }));
    writeFileSync(sum, buildModel({ inputs: [value('a'), value('b')], outputs: [value('s'), value('d')], nodes }));
    const items = join(folder, 'items');
    for (const [item, offset] of [
      ['one', 0],
      ['two', 10],
    ] as const) {
      mkdirSync(join(items, item), { recursive: true });
      const tensor = (data: readonly number[]) =>
        encodeNpy({ dataType: 'float32', dims: [1, 2], data: Float32Array.from(data) });
      writeFileSync(join(items, item, 'a.npy'), tensor([offset + 1, offset + 2]));
      writeFileSync(join(items, item, 'b.npy'), tensor([1, 1]));
    }
    const out = output('sums');
    expect(batch(sum, '--input', items, '--output', out).stdout).toBe('2 done, 0 there already, 0 failed\n');
    const read = (path: string) => Array.from(decodeNpy(readFileSync(join(out, path))).data as Float32Array);
    expect(read('two/s.npy')).toEqual([12, 13]);
    expect(read('two/d.npy')).toEqual([10, 11]);
  });

  it('refuses what cannot be', async () => {
    const { stderr } = batch(model, '--input', input, '--output', join(input, 'out'));
    expect(stderr).toContain('must not lie in --input');
    expect(batch(model, '--input', input, '--output', output('x'), '--shard', '3/3').stderr).toContain(
      'It must be I/N',
    );
    expect(batch(model, '--input', join(folder, 'nothing'), '--output', output('x')).stderr).toContain(
      'cannot be read',
    );
    mkdirSync(join(folder, 'empty'));
    expect(batch(model, '--input', join(folder, 'empty'), '--output', output('x'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('empty: there is no .npy'),
    });
  });
});
