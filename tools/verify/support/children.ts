import { fork, type ChildProcess } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ChildOptions<Message> {
  readonly args?: readonly string[];
  /** Added to this process's environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds without a message after which the child is killed. */
  readonly silenceMs: number;
  readonly onMessage: (message: Message, child: ChildProcess) => void;
}

export interface ChildEnd {
  /** How the child ended, where it was not with exit code 0, as a phrase: 'was killed by SIGSEGV'. */
  readonly failure?: string;
  readonly timedOut: boolean;
  /** The end of what it wrote to its error stream. */
  readonly errorText: string;
}

const KEPT_ERROR_TEXT = 2000;

/** The module NAME beside the one that asks, as it runs there: a source, or a file of a bundle. */
export function sibling(from: string, name: string): URL {
  return new URL(`./${name}${extname(new URL(from).pathname)}`, from);
}

/**
 * Runs a module of ours as a child process, with this process's own loader flags, until it exits. The child answers by
 * `process.send`; a child that stays silent too long is killed.
 */
export function runChild<Message>(script: URL, options: ChildOptions<Message>): Promise<ChildEnd> {
  const child = fork(fileURLToPath(script), [...(options.args ?? [])], {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  let errorText = '';
  child.stderr!.on('data', (chunk: Buffer) => (errorText = (errorText + chunk.toString()).slice(-KEPT_ERROR_TEXT)));
  let timedOut = false;
  const kill = () => {
    timedOut = true;
    child.kill('SIGKILL');
  };
  let watchdog = setTimeout(kill, options.silenceMs);
  child.on('message', (message) => {
    clearTimeout(watchdog);
    watchdog = setTimeout(kill, options.silenceMs);
    options.onMessage(message as Message, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(watchdog);
      resolve({ timedOut, errorText, failure: describeEnd(code, signal, timedOut, options.silenceMs) });
    });
  });
}

function describeEnd(code: number | null, signal: string | null, timedOut: boolean, silenceMs: number) {
  if (timedOut) return `gave no sign for ${silenceMs / 1000} s`;
  if (signal) return `was killed by ${signal}`;
  return code === 0 ? undefined : `exited with code ${code}`;
}
