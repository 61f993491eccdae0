// Installs what package-lock.json asks for, where node_modules does not hold it already. Plain Node, because it runs
// before anything is installed: `npm start` and `npm test` call it first.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const readPackages = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;

/** The first thing that node_modules lacks or holds in another version, as a phrase; undefined where all fits. */
function findMismatch() {
  const installedPath = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return 'nothing is installed yet';
  const installed = readPackages(installedPath);
  for (const [path, wanted] of Object.entries(readPackages(join(root, 'package-lock.json')))) {
    if (!path.includes('node_modules/')) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const found = existsSync(join(root, path)) ? installed[path] : undefined;
    // Optional packages of other platforms are left out by npm.
    if (!found && (wanted.optional || wanted.devOptional || wanted.peer)) continue;
    if (!found) return `${name} is missing`;
    if (found.version !== wanted.version) return `${name} is ${found.version}, and ${wanted.version} is wanted`;
  }
  return undefined;
}

function runNpm(...args) {
  const npm = process.env.npm_execpath;
  return npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
}

const mismatch = findMismatch();
if (mismatch) {
  console.log(`Installing the dependencies with npm ci: ${mismatch}.`);
  const { status, error } = runNpm('ci', '--no-fund', '--no-audit');
  if (status !== 0) {
    console.error(`npm ci failed${error ? `: ${error.message}` : ''}; its own message stands above.`);
    process.exit(status ?? 1);
  }
}
