import { SingleBar } from 'cli-progress';
import type { Progress } from '@tessera/runtime';

export interface ProgressBar {
  update(progress: Progress): void;
  /** Shows a step without an end in sight. */
  step(text: string): void;
  stop(): void;
}

const NAMES = { load: 'Loading the model', upload: 'Uploading weights', compile: 'Compiling kernels' } as const;

const SILENT: ProgressBar = { update: () => undefined, step: () => undefined, stop: () => undefined };

/** A bar on a terminal that vanishes when it stops; nothing where the stream is not one. */
export function createProgressBar(stream: NodeJS.WriteStream | undefined): ProgressBar {
  if (!stream?.isTTY) return SILENT;
  const format = '{phase} [{bar}] {percentage}%';
  const bar = new SingleBar({ format, stream, clearOnComplete: true, gracefulExit: false, hideCursor: false });
  let line: 'none' | 'bar' | 'text' = 'none';
  const clear = () => {
    if (line === 'bar') bar.stop();
    if (line === 'text') stream.write('\r\u001b[K');
    line = 'none';
  };
  return {
    update({ phase, done, total }) {
      if (line === 'text') clear();
      if (line === 'none') bar.start(total, done, { phase: NAMES[phase] });
      line = 'bar';
      bar.setTotal(total);
      bar.update(done, { phase: NAMES[phase] });
    },
    step(text) {
      clear();
      stream.write(text);
      line = 'text';
    },
    stop: clear,
  };
}
