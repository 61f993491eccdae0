import { request as httpRequest, type Agent } from 'node:http';

/**
 * A client of the Open Inference Protocol over HTTP, written against its specification (inference_rest.md, and Triton's
 * extension_binary_data.md for binary tensors) without any code of the server.
 */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  /** The JSON part. */
  readonly json: unknown;
  /** What follows it. */
  readonly binary: Buffer;
}

export interface CallOptions {
  readonly method?: string;
  readonly body?: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
}

export function call(base: string, path: string, options: CallOptions = {}): Promise<HttpAnswer> {
  const { hostname, port } = new URL(base);
  const { method = options.body === undefined ? 'GET' : 'POST', body, agent } = options;
  const headers = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, method, headers, agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(answer(response.statusCode!, response.headers, Buffer.concat(chunks))));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function answer(status: number, headers: HttpAnswer['headers'], body: Buffer): HttpAnswer {
  const length = headers['inference-header-content-length'];
  const at = length === undefined ? body.byteLength : Number(length);
  const text = body.subarray(0, at).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status, headers, body, json, binary: body.subarray(at) };
}

/** A request's body whose inputs come in binary, with the header that says where they begin. */
export function binaryRequest(
  json: object,
  ...parts: readonly Uint8Array[]
): Required<Pick<CallOptions, 'body' | 'headers'>> {
  const head = Buffer.from(JSON.stringify(json));
  return {
    body: Buffer.concat([head, ...parts]),
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(head.byteLength) },
  };
}
