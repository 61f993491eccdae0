// Completes command lines in zsh and fish, whose scripts lie where `infer completion --help` says, and compares all that the
// shells offer with what they should: commands, options as --help lists them, choices, and files.
//   npm run verify:shells
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../support/shared-data.js';

const entry = join(repositoryRoot, 'packages', 'cli', 'src', 'main.ts');
const offeredByZsh = join(import.meta.dirname, 'offered.zsh');
const folder = mkdtempSync(join(tmpdir(), 'tessera-shells-'));
const work = join(folder, 'work');
const FILES = ['a model.onnx', 'model.onnx', 'models'];
const SHELLS = ['fish', 'zsh'];
const TIMEOUT = 60_000;

async function infer(...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, [...process.execArgv, entry, ...args])).stdout;
}

/** The words that the pattern finds in a section of a help text, which ends with an empty line. */
function words(help: string, section: string, pattern: RegExp): string[] {
  const [text] = help.split(`\n${section}:\n`)[1].split('\n\n');
  return [...text.matchAll(pattern)].map(([, word]) => word);
}

/** Command lines, and what is offered at the end of each. */
async function expectations(): Promise<[line: string, offered: readonly string[]][]> {
  const commands = words(await infer('--help'), 'Commands', /^ {2}([a-z]+)/gm);
  const options = async (command: string): Promise<[string, string[]]> => [
    `infer ${command} --`,
    words(await infer(command, '--help'), 'Options', /^ {2}(?:-\w, )?(--[\w-]+)/gm),
  ];
  return [
    ['infer ', [...commands, ...FILES]],
    ['infer be', ['bench']],
    ['infer mod', ['model.onnx', 'models']],
    ['infer help ', commands],
    ['infer completion ', ['bash', 'fish', 'zsh']],
    ...(await Promise.all(commands.filter((name) => name !== 'help').map(options))),
    ['infer --output-d', ['--output-dir']],
    ['infer model.onnx --output-d', ['--output-dir']],
    ['infer --precision ', ['fp16', 'fp32', 'strict']],
    ['infer bench model.onnx --peer ', ['onnxruntime', 'onnxruntime-cpu']],
    ['infer profile --group op', ['operator']],
    ['infer profile --group=op', ['operator']],
    ['infer bench ', FILES],
    ['infer bench a', ['a model.onnx']],
    ['infer bench --baseline mod', ['model.onnx', 'models']],
    ['infer bench --baseline=mod', ['model.onnx', 'models']],
    ['infer bench --seed ', []],
  ];
}

function run(shell: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): string {
  const { error, status, stdout, stderr } = spawnSync(shell, args, {
    encoding: 'utf8',
    cwd: work,
    env: { ...process.env, ...environment },
    timeout: TIMEOUT,
    killSignal: 'SIGKILL',
  });
  if (error) throw new Error(`${shell}: ${error.message}; .ci/shells installs it on Debian and Ubuntu`);
  if (status !== 0) throw new Error(`${shell} ended with ${status}: ${stderr.trim()}`);
  return stdout;
}

/** A shell's answers: for each line a paragraph, the line itself first. */
const paragraphs = (text: string) =>
  new Map(text.split('\n\n').map((part) => [part.split('\n')[0], part.split('\n').slice(1)]));

function offered(shell: string, script: string, lines: readonly string[]): Map<string, string[]> {
  if (shell === 'zsh') {
    writeFileSync(join(folder, '_infer'), script);
    return paragraphs(run('zsh', ['-f', offeredByZsh, folder, ...lines]));
  }
  const completions = join(folder, 'fish', 'completions');
  mkdirSync(completions, { recursive: true });
  writeFileSync(join(completions, 'infer.fish'), script);
  const code = 'for line in $argv; echo $line; complete -C $line; echo; end';
  // fish reads the completions only of commands that it finds.
  const path = `${folder}:${process.env.PATH}`;
  const answers = paragraphs(run('fish', ['-c', code, ...lines], { XDG_CONFIG_HOME: folder, PATH: path }));
  const word = (answer: string) =>
    answer
      .replace(/\t.*/, '')
      .replace(/^--[\w-]+=/, '')
      .replace(/\/$/, '');
  return new Map([...answers].map(([line, list]) => [line, list.map(word)]));
}

let [passed, failed] = [0, 0];
try {
  mkdirSync(join(work, 'models'), { recursive: true });
  for (const name of ['model.onnx', 'a model.onnx']) writeFileSync(join(work, name), '');
  writeFileSync(join(folder, 'infer'), '#!/bin/sh\n', { mode: 0o755 });
  const wanted = await expectations();
  for (const shell of SHELLS) {
    const script = await infer('completion', shell);
    const answers = offered(
      shell,
      script,
      wanted.map(([line]) => line),
    );
    for (const [line, list] of wanted) {
      const [is, shouldBe] = [answers.get(line), list].map((each) => each?.toSorted().join(', '));
      if (is === shouldBe) passed++;
      else {
        failed++;
        console.log(`FAILED  ${shell} offers for '${line}': ${is ?? 'no answer'}; it should be: ${shouldBe}`);
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
