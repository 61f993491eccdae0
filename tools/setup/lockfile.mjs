import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const readPackages = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;

/**
 * The first thing that `node_modules` under `root` lacks or holds in another version than `package-lock.json` asks
 * for, as a phrase; undefined where all fits. Optional packages may be absent: npm leaves out those of other platforms.
 */
export function findMismatch(root) {
  const installedPath = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return 'nothing is installed yet';
  const installed = readPackages(installedPath);
  for (const [path, wanted] of Object.entries(readPackages(join(root, 'package-lock.json')))) {
    if (!path.includes('node_modules/')) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const found = existsSync(join(root, path)) ? installed[path] : undefined;
    if (!found && (wanted.optional || wanted.devOptional || wanted.peer)) continue;
    if (!found) return `${name} is missing`;
    if (found.version !== wanted.version) return `${name} is ${found.version}, and ${wanted.version} is wanted`;
  }
  return undefined;
}
