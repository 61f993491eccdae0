import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** How `npm run infer` starts the program out of its sources. */
export const command = ['--import', 'tsx', '--conditions', 'tessera-source', `${root}packages/cli/src/main.ts`];

/** Dawn tells its own limits on stderr, where the adapter's are larger. */
const DAWN_NOTES = /^Warning: max\w+ artificially reduced .*\n/gm;

/** Runs the program in a process of its own; `env` is added to this one's. */
export function inferProcess(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const options = { encoding: 'utf8' as const, cwd: root, env: { ...process.env, ...env } };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...args], options);
  return { status, stdout, stderr: stderr.replace(DAWN_NOTES, '') };
}
