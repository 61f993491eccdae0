import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sibling } from '../../verify/support/children.js';
import type { Answer, ContenderName, Request } from './messages.js';

const SILENCE_MS = 10 * 60_000;

type AnswerTo<Kind extends Request['kind']> = Extract<Answer, { readonly kind: Kind }>;

/** A contender in a process of its own, which keeps its session while others have their turn. */
export class Participant {
  readonly #child: ChildProcess;
  #errorText = '';

  constructor(
    readonly name: ContenderName,
    env: Readonly<Record<string, string>>,
  ) {
    this.#child = fork(fileURLToPath(sibling(import.meta.url, 'worker')), [name], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#errorText = (this.#errorText + chunk).slice(-2000)));
  }

  /** One request and its answer. Throws what the child reports, and where it ends or stays silent. */
  ask<R extends Request>(request: R): Promise<AnswerTo<R['kind']>> {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const end = (settle: () => void) => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('close', onClose);
        settle();
      };
      const fail = (reason: string) => end(() => reject(new Error(reason)));
      const onMessage = (message: unknown) => {
        const answer = message as Answer;
        if (answer.kind === 'failure') fail(answer.reason);
        else end(() => resolve(answer as AnswerTo<R['kind']>));
      };
      const onClose = (code: number | null, signal: string | null) =>
        fail(`the process of ${this.name} ended (${signal ?? code}): ${this.#errorText.trim()}`);
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        fail(`${this.name} gave no sign for ${SILENCE_MS / 1000} s`);
      }, SILENCE_MS);
      child.on('message', onMessage);
      child.on('close', onClose);
      if (child.connected) child.send(request);
      else fail(`the process of ${this.name} has ended: ${this.#errorText.trim()}`);
    });
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}
