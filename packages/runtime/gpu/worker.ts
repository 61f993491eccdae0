// A worker thread that runs the model in `workerData.model` on each `feed` it is sent, and sends back the scores.
import { parentPort, workerData } from 'node:worker_threads';
import type { TesseraError } from '@tessera/runtime';
import { createSession } from '@tessera/runtime';

const { model } = workerData as { readonly model: string };
const session = await createSession(model);
parentPort!.on('message', async (feed: Float32Array | 'end' | 'bad') => {
  if (feed === 'end') {
    await session[Symbol.asyncDispose]();
    parentPort!.close();
    return;
  }
  try {
    const { scores } = await session.run({ image: feed === 'bad' ? new Float32Array(3) : feed });
    parentPort!.postMessage(scores.data);
  } catch (error) {
    parentPort!.postMessage((error as TesseraError).code);
  }
});
parentPort!.postMessage('ready');
