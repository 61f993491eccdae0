import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { infer, temporaryFolder } from './fake.js';

const folder = temporaryFolder();
writeFileSync(join(folder, 'a model.onnx'), '');
const FILES = ['a model.onnx', 'completion.bash'];

it.each<[words: string[], wanted: string[]]>([
  [['be'], ['bench']],
  [['a'], ['a model.onnx']],
  [['bench', '--fail'], ['--fail-above']],
  [['bench', '--he'], ['--help']],
  [['profile', '--group', 'op'], ['operator']],
  [['bench', '--precision', '=', 's'], ['strict']],
  [
    ['--precision', '='],
    ['fp32', 'fp16', 'strict'],
  ],
  [['model.onnx', '--outp'], ['--output-dir']],
  [['--outp'], ['--output-dir']],
  [['serve', ''], FILES],
  [['bench', '--baseline', 'com'], ['completion.bash']],
  [['bench', '--seed', ''], []],
  [
    ['completion', ''],
    ['bash', 'zsh', 'fish'],
  ],
  [['help', 'ins'], ['inspect']],
])('bash completes infer %j', async (words, wanted) => {
  const script = join(folder, 'completion.bash');
  writeFileSync(script, (await infer(['completion', 'bash'])).stdout);
  const list = ['infer', ...words].map((word) => `'${word}'`).join(' ');
  const code = `source '${script}'; COMP_WORDS=(${list}); COMP_CWORD=${words.length}; _infer; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', code], { encoding: 'utf8', cwd: folder });
  expect([stdout.split('\n').filter(Boolean).toSorted(), stderr]).toEqual([wanted.toSorted(), '']);
});

describe.each([
  ['zsh', (name: string) => `    ${name})\n`, (flag: string) => `'*${flag}`],
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
