const cacheName = 'tessera-models-1';

/**
 * The bytes at an address, out of Cache Storage where they lie there from an earlier visit. `onProgress` hears of bytes
 * received and, where the server says, of how many there are (0 where it does not).
 */
export async function download(
  url: string,
  signal: AbortSignal,
  onProgress: (done: number, total: number) => void,
): Promise<Uint8Array> {
  const cache = 'caches' in globalThis ? await caches.open(cacheName) : undefined;
  const known = await cache?.match(url);
  if (known) return new Uint8Array(await known.arrayBuffer());
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} cannot be loaded: the server answered ${response.status}`);
  const bytes = await receive(response, onProgress);
  await cache?.put(url, new Response(bytes));
  return bytes;
}

async function receive(
  response: Response,
  onProgress: (done: number, total: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const isEncoded = response.headers.has('content-encoding');
  const total = isEncoded ? 0 : Number(response.headers.get('content-length') ?? 0);
  const parts: Uint8Array[] = [];
  let done = 0;
  for await (const part of chunks(response)) {
    parts.push(part);
    done += part.byteLength;
    onProgress(done, total);
  }
  const bytes = new Uint8Array(done);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

async function* chunks(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
