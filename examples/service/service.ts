// A service that reads digits: POST /digits with 64 numbers from 0 (paper) to 1 (ink), row by row -> {"digit":7,"scores":[...]}.
//   node --import tsx --conditions tessera-source examples/service/service.ts [PORT]
import { createServer, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { createSession, TesseraError } from '@tessera/runtime';

const model = new URL('../digits/digits.onnx', import.meta.url);
const session = await createSession(model, { dims: { N: 1 } }); // compiled now, so that the first request is as fast as any

async function read(request: IncomingMessage, signal: AbortSignal) {
  const pixels = await json(request).catch(() => undefined);
  const isPicture = Array.isArray(pixels) && pixels.length === 64 && pixels.every((pixel) => pixel >= 0 && pixel <= 1);
  if (!isPicture) return { status: 400, body: { error: 'the body must be a JSON list of 64 numbers from 0 to 1' } };
  const { scores } = await session.run({ image: Float32Array.from(pixels) }, { signal });
  const list = Array.from(scores.data as Float32Array);
  return { status: 200, body: { digit: list.indexOf(Math.max(...list)), scores: list } };
}

function failure(error: unknown) {
  if (!(error instanceof TesseraError)) return { status: 500, body: { error: 'internal error' } };
  return { status: error.retryable ? 503 : 500, body: { error: error.message, remedy: error.remedy } };
}

const server = createServer(async (request, response) => {
  const isKnown = request.method === 'POST' && request.url === '/digits';
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  const notFound = { status: 404, body: { error: 'POST /digits is all there is' } };
  const { status, body } = isKnown ? await read(request, gone.signal).catch(failure) : notFound;
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});

server.listen(Number(process.argv[2] ?? 8080), '127.0.0.1', () => console.log('listening on', server.address()));

process.once('SIGTERM', () => {
  server.close(() => session[Symbol.asyncDispose]().then(() => process.exit(0))); // answers what was accepted, then ends
});
