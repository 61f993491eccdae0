import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { createSession } from '../src/index.js';

const model = fileURLToPath(new URL('../../../examples/digits/digits.onnx', import.meta.url));
const image = Float32Array.from({ length: 64 }, (_, i) => Math.abs(Math.sin(i)));

describe('a worker thread', () => {
  it('runs sessions of its own beside those of the main thread, and ends by itself', async () => {
    await using session = await createSession(model);
    const expected = (await session.run({ image })).scores.data;
    const script = JSON.stringify(new URL('./worker.ts', import.meta.url).href);
    const start = `import('tsx/esm/api').then(({ register }) => (register(), import(${script})))`;
    const worker = new Worker(start, {
      eval: true,
      workerData: { model },
      env: SHARE_ENV,
      execArgv: ['--conditions', 'tessera-source'],
    });
    const answers: unknown[] = [];
    worker.on('message', (answer) => answers.push(answer));
    await once(worker, 'message');
    for (const feed of [image, 'bad', image]) worker.postMessage(feed);
    const here = (await session.run({ image })).scores.data;
    worker.postMessage('end');
    expect(await once(worker, 'exit')).toEqual([0]);
    expect(answers.filter((answer) => typeof answer === 'string')).toEqual(['ready', 'INVALID_INPUT']);
    expect(answers.filter((answer) => typeof answer !== 'string')).toEqual([expected, expected]);
    expect(here).toEqual(expected);
  });
});
