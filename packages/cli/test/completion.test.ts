import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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

describe.each([
  ['zsh', (name: string) => `${name})`, (flag: string) => `*${flag}[`],
  ['fish', (name: string) => ` -a ${name} `, (flag: string) => ` -l ${flag.slice(2)} `],
] as const)('%s completes', (shell, nameIn, flagIn) => {
  it.each([
    ['run', '--output-dir'],
    ['bench', '--fail-above'],
    ['profile', '--exportProfile'],
    ['explain', '--assert'],
    ['tune', '--budget'],
    ['compare', '--with'],
    ['inspect', '--nodes'],
    ['doctor', '--strict'],
    ['batch', '--shard'],
    ['serve', '--grpc-port'],
  ])('%s %s', async (name, flag) => {
    const { stdout, status } = await infer(['completion', shell]);
    expect(status).toBe(0);
    expect(stdout).toContain(nameIn(name));
    expect(stdout).toContain(flagIn(flag));
    expect(stdout).not.toMatch(/-d ''$/m);
  });
});
