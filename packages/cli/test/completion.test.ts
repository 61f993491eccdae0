import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { infer, temporaryFolder } from './fake.js';

const folder = temporaryFolder();

it.each<[string[], string]>([
  [['infer', 'be'], 'bench'],
  [['infer', 'bench', '--fail'], '--fail-above'],
  [['infer', 'profile', '--group', 'op'], 'operator'],
  [['infer', 'model.onnx', '--out'], '--output-dir'],
])('bash completes %j', async (words, wanted) => {
  const script = join(folder, 'completion.bash');
  writeFileSync(script, (await infer(['completion', 'bash'])).stdout);
  const list = words.map((word) => `'${word}'`).join(' ');
  const code = `source '${script}'; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _infer; echo "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', code], { encoding: 'utf8', cwd: folder });
  expect([stdout.trim(), stderr]).toEqual([wanted, '']);
});
