import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findMismatch } from '../setup/lockfile.mjs';

interface Entry {
  readonly version?: string;
  readonly optional?: boolean;
  readonly link?: boolean;
}

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tessera-lockfile-'));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

function wanted(packages: Record<string, Entry>): void {
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages } }));
}

function installed(packages: Record<string, Entry>): void {
  for (const path of Object.keys(packages)) mkdirSync(join(root, path), { recursive: true });
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }));
}

test('a fresh clone has nothing installed', () => {
  wanted({ 'node_modules/a': { version: '1.0.0' } });
  expect(findMismatch(root)).toBe('nothing is installed yet');
});

test('equal versions fit, nested and linked ones too', () => {
  const packages = {
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a/node_modules/b': { version: '2.0.0' },
    'node_modules/@scope/linked': { link: true },
  };
  wanted({ ...packages, 'packages/linked': { version: '0.1.0' } });
  installed(packages);
  expect(findMismatch(root)).toBeUndefined();
});

test('another version does not fit', () => {
  wanted({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/@scope/b': { version: '2.1.0' } });
  installed({ 'node_modules/a': { version: '1.0.0' }, 'node_modules/@scope/b': { version: '2.0.0' } });
  expect(findMismatch(root)).toBe('@scope/b is 2.0.0, and 2.1.0 is wanted');
});

test('a package may be absent only where it is optional', () => {
  wanted({
    'node_modules/other-platform': { version: '1.0.0', optional: true },
    'node_modules/a': { version: '1.0.0' },
  });
  installed({});
  expect(findMismatch(root)).toBe('a is missing');
});

test('a package whose folder was deleted is missing', () => {
  wanted({ 'node_modules/a': { version: '1.0.0' } });
  installed({ 'node_modules/a': { version: '1.0.0' } });
  rmSync(join(root, 'node_modules', 'a'), { recursive: true });
  expect(findMismatch(root)).toBe('a is missing');
});
