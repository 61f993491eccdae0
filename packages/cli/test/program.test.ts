import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './fake.js';
import { command, inferProcess } from './process.js';

const folder = temporaryFolder();
const bin = fileURLToPath(new URL('../bin/infer.js', import.meta.url));

describe('the program', () => {
  it('ends with the status and one line on stderr', () => {
    const failed = inferProcess([join(folder, 'none.onnx')]);
    expect([failed.status, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr).toMatch(/^infer: .*none\.onnx cannot be read: no such file or directory\n$/);
    const misused = inferProcess(['--bogus']);
    expect([misused.status, misused.stdout]).toEqual([2, '']);
    expect(misused.stderr).toMatch(/^infer: unknown option '--bogus'[^\n]*\n$/);
  });

  it('tells the stack where TESSERA_DEBUG asks for it', () => {
    writeFileSync(join(folder, 'text.onnx'), 'hello');
    expect(inferProcess([join(folder, 'text.onnx')], { TESSERA_DEBUG: '1' }).stderr).toMatch(/^infer: .*\n.*\n +at /);
  });

  it('is quiet where its reader has seen enough', async () => {
    const child = spawn(process.execPath, [...command, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (part) => (errors += part));
    const status = await new Promise((resolve) => child.on('close', resolve));
    expect([status, errors]).toEqual([0, '']);
  });

  it('says how to build it where it is not built', () => {
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
    copyFileSync(bin, join(folder, 'bin', 'infer.js'));
    const { status, stderr } = spawnSync(process.execPath, [join(folder, 'bin', 'infer.js')], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, 'infer: it is not built yet: run `npm run build` first\n']);
    expect(statSync(bin).mode & 0o111).toBe(0o111);
  });
});
