import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createProgressBar } from '../src/progress.js';

function terminal(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  const written = new PassThrough();
  const stream = Object.assign(written, { isTTY, columns: 100, rows: 20 }) as unknown as NodeJS.WriteStream;
  return { stream, text: () => String(written.read() ?? '') };
}

describe('progress', () => {
  it('is shown on a terminal, and cleared at the end', () => {
    const { stream, text } = terminal(true);
    const bar = createProgressBar(stream);
    bar.update({ phase: 'load', done: 1, total: 1 });
    bar.update({ phase: 'upload', done: 0, total: 4 });
    bar.update({ phase: 'compile', done: 2, total: 4 });
    bar.stop();
    bar.step('Running');
    bar.stop();
    bar.stop();
    const shown = text();
    expect(shown).toContain('Loading the model');
    expect(shown).toContain('Running');
    expect(shown).not.toContain('\n');
    expect(shown.endsWith('\r\u001b[K')).toBe(true);
  });

  it('is a plain line now and then elsewhere, and none where all is done soon', () => {
    const { stream, text } = terminal(false);
    let now = 0;
    const bar = createProgressBar(stream, () => now);
    bar.update({ phase: 'load', done: 1, total: 1 });
    bar.step('Running');
    now += 11_000;
    bar.update({ phase: 'compile', done: 3, total: 50 });
    bar.update({ phase: 'compile', done: 4, total: 50 });
    now += 11_000;
    bar.step('Running');
    bar.stop();
    expect(text()).toBe('Compiling kernels: 3 of 50\nRunning\n');
    createProgressBar(undefined).stop();
  });
});
