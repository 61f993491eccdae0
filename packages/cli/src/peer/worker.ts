// The peer's process: holds a model in onnxruntime-node and runs it when asked.
import { messageOf } from '../errors.js';
import type { Answer, Request } from './messages.js';
import { openOrt, PEERS, type OrtSession } from './onnxruntime.js';

let session: OrtSession | undefined;

async function answer(request: Request): Promise<Answer> {
  if (request.kind === 'open') {
    const from = performance.now();
    session = await openOrt(request.model, PEERS[request.peer]);
    const sessionMs = performance.now() - from;
    session.feed(request.feeds);
    return { kind: 'opened', version: session.version, sessionMs };
  }
  const from = performance.now();
  const outputs = await session!.run();
  const ms = performance.now() - from;
  return { kind: 'ran', ms, ...(request.withOutputs && { outputs }) };
}

process.on('message', (request: Request) => {
  void answer(request)
    .catch((error: unknown): Answer => ({ kind: 'failed', reason: messageOf(error) }))
    .then((message) => process.send!(message));
});
process.on('disconnect', () => process.exit(0));
// The terminal sends an interrupt to this process too; the parent decides what it means.
process.on('SIGINT', () => undefined);
