// Installs what package-lock.json asks for, where node_modules does not hold it already. Plain Node, because it runs
// before anything is installed: `npm start` and `npm test` call it first.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findMismatch } from './lockfile.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

function runNpm(...args) {
  const npm = process.env.npm_execpath;
  return npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
}

const mismatch = findMismatch(root);
if (mismatch) {
  console.log(`Installing the dependencies by npm ci: ${mismatch}.`);
  const { status, error } = runNpm('ci', '--no-fund', '--no-audit');
  if (status !== 0) {
    console.error(`npm ci failed${error ? `: ${error.message}` : '; its own message stands above'}.`);
    process.exit(status ?? 1);
  }
}
