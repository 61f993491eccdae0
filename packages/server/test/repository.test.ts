import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileRepository, folderRepository, modelRepository, requireName } from '../src/models/repository.js';

let top: string;
let root: string;
const put = (path: string) => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), '');
};

beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), 'tessera-repository-'));
  root = join(top, 'models');
  mkdirSync(root);
  for (const path of ['flat.onnx', 'single/model.onnx', 'many/1/model.onnx', 'many/2/model.onnx', 'many/10/model.onnx'])
    put(path);
  for (const path of [
    'many/03/model.onnx',
    'many/x/model.onnx',
    'many/4/other.onnx',
    'empty/readme',
    'notes.txt',
    '.hidden.onnx',
  ])
    put(path);
  writeFileSync(join(top, 'outside.onnx'), '');
  symlinkSync(join(top, 'outside.onnx'), join(root, 'link.onnx'));
  symlinkSync(top, join(root, 'up'));
  writeFileSync(join(top, 'model.onnx'), '');
  symlinkSync(join(root, 'flat.onnx'), join(root, 'alias.onnx'));
});
afterAll(() => rmSync(top, { recursive: true }));

describe('a folder of models', () => {
  it('lists every layout, with versions in order', () => {
    const models = folderRepository(root)
      .list()
      .map(({ name, version }) => `${name}/${version}`);
    expect(models).toEqual(['alias/1', 'flat/1', 'many/1', 'many/2', 'many/10', 'single/1']);
  });

  it.each([
    '..',
    '../outside',
    'many/../flat',
    '/etc/passwd',
    '.hidden',
    'up',
    'link',
    '',
    'a\0b',
    'x'.repeat(200),
    '..%2f',
  ])('finds nothing for %j', (name) => expect(folderRepository(root).find(name)).toEqual([]));

  it('sees what comes later', () => {
    const repository = folderRepository(root);
    put('late.onnx');
    expect(repository.find('late')).toHaveLength(1);
    rmSync(join(root, 'late.onnx'));
    expect(repository.find('late')).toEqual([]);
  });
});

describe('a folder that is one model', () => {
  const names = (folder: string) => modelRepository(folder, 'm').list();

  it('has versions, a model.onnx, or a lone file', () => {
    expect(names(join(root, 'many')).map(({ version }) => version)).toEqual(['1', '2', '10']);
    expect(names(join(root, 'single'))).toMatchObject([{ name: 'm', version: '1' }]);
    const lone = join(top, 'lone');
    mkdirSync(lone);
    writeFileSync(join(lone, 'resnet.onnx'), '');
    expect(names(lone)).toEqual([{ name: 'm', version: '1', path: join(lone, 'resnet.onnx') }]);
    writeFileSync(join(lone, 'other.onnx'), '');
    expect(names(lone)).toEqual([]);
    expect(modelRepository(lone, 'm').find('../m')).toEqual([]);
  });
});

describe('files as models', () => {
  it('have the names of their files, or the one given', () => {
    expect(
      fileRepository(['/a/b.onnx', 'c.onnx'])
        .list()
        .map(({ name }) => name),
    ).toEqual(['b', 'c']);
    expect(fileRepository(['/a/b.onnx'], 'm').find('m')).toEqual([{ name: 'm', version: '1', path: '/a/b.onnx' }]);
    expect(() => fileRepository(['/a/b.onnx', '/c/b.onnx'])).toThrow('two models are named "b"');
    expect(() => fileRepository(['/a/b c.onnx'])).toThrow('give one by --name');
    expect(() => fileRepository(['/a/b.onnx'], 'b c')).toThrow('--name b c is no name that a model can have');
    expect(() => modelRepository(root, '../b')).toThrow('--name ../b is no name that a model can have');
  });
});

describe('names', () => {
  it.each(['a', 'resnet50-v1.5', 'A_1'])('%s may be one', (name) => expect(() => requireName(name)).not.toThrow());
  it.each(['', '.', '..', '../a', 'a/b', 'a\\b', '-a', 'a..b', 'ä'])('%j is none', (name) =>
    expect(() => requireName(name)).toThrow('there is no model of this name'),
  );
});
