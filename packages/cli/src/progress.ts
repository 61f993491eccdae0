import { SingleBar } from 'cli-progress';
import type { Progress } from '@tessera/runtime';

export interface ProgressBar {
  /** Shows how far the preparation of a session has come. */
  update(progress: Progress): void;
  /** Shows how far anything else has come. */
  advance(text: string, done: number, total: number): void;
  /** Shows a step without an end in sight. */
  step(text: string): void;
  stop(): void;
}

export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

const NAMES = { load: 'Loading the model', upload: 'Uploading weights', compile: 'Compiling kernels' } as const;

const SILENT: ProgressBar = {
  update: () => undefined,
  advance: () => undefined,
  step: () => undefined,
  stop: () => undefined,
};

/** A bar on a terminal that vanishes when it stops; elsewhere a plain line now and then, and none where all is done soon. */
export function createProgressBar(stream: ProgressStream | undefined, now = () => performance.now()): ProgressBar {
  if (!stream) return SILENT;
  return stream.isTTY ? terminalBar(stream) : plainLines(stream, now);
}

function terminalBar(stream: ProgressStream): ProgressBar {
  const format = '{phase} [{bar}] {percentage}%';
  const bar = new SingleBar({ format, stream, clearOnComplete: true, gracefulExit: false, hideCursor: false });
  let line: 'none' | 'bar' | 'text' = 'none';
  const clear = () => {
    if (line === 'bar') bar.stop();
    if (line === 'text') stream.write('\r\u001b[K');
    line = 'none';
  };
  const advance = (phase: string, done: number, total: number) => {
    if (line === 'text') clear();
    if (line === 'none') bar.start(total, done, { phase });
    line = 'bar';
    bar.setTotal(total);
    bar.update(done, { phase });
  };
  return {
    update: ({ phase, done, total }) => advance(NAMES[phase], done, total),
    advance,
    step(text) {
      clear();
      stream.write(text);
      line = 'text';
    },
    stop: clear,
  };
}

/** Milliseconds between plain lines, and before the first. */
const QUIET_MS = 10_000;

function plainLines(stream: ProgressStream, now: () => number): ProgressBar {
  let last = now();
  const say = (text: string) => {
    if (now() - last < QUIET_MS) return;
    last = now();
    stream.write(`${text}\n`);
  };
  const advance = (text: string, done: number, total: number) => say(`${text}: ${done} of ${total}`);
  return {
    update: ({ phase, done, total }) => advance(NAMES[phase], done, total),
    advance,
    step: say,
    stop: () => undefined,
  };
}
