import { get as httpsGet } from 'node:https';
import { credentials } from '@grpc/grpc-js';
import { createSession } from '@tessera/runtime';
import { describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../../tools/testing/index.js';
import { call, encodeTexts, GrpcClient } from '../../../tools/testing/inference.js';
import { startServer } from '../src/index.js';
import { bytesOf, digits, expectScores, image, quiet, request } from './support.js';

describe('a server with a token', () => {
  it('tells nothing without it', async () => {
    const guarded = await startServer({
      ...quiet,
      paths: [digits],
      token: 'secret',
      maxBody: 4096,
      drainMs: 0,
    });
    await guarded.loaded;
    const refused = { error: 'a bearer token is needed' };
    for (const path of [
      '/v2/health/live',
      '/v2/models/digits',
      '/v2/models/nothing',
      '/metrics',
      '/openapi.json',
      '/',
      '/%zz',
    ]) {
      for (const authorization of [undefined, 'Bearer wrong']) {
        const { status, json } = await call(guarded.url, path, { headers: authorization ? { authorization } : {} });
        expect([path, status, json]).toEqual([path, 401, refused]);
      }
    }
    expect((await call(guarded.url, '/v2/models/digits/infer', { body: 'x'.repeat(1000) })).status).toBe(401);
    const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' };
    expect((await call(guarded.url, '/v2/models/digits/infer', { body: request(), headers })).status).toBe(200);
    const [stranger, friend] = [new GrpcClient(guarded.grpcAddress!), new GrpcClient(guarded.grpcAddress!, 'secret')];
    for (const method of ['ServerLive', 'ModelInfer', 'RepositoryIndex'])
      expect(await stranger.send(method, new Uint8Array()).catch((error: unknown) => error)).toMatchObject({
        code: 16,
      });
    const large = encodeTexts([1, 'x'.repeat(10_000)]);
    for (const [client, code] of [
      [stranger, 16],
      [friend, 8],
    ] as const)
      expect(await client.send('ModelInfer', large).catch((error: unknown) => error)).toMatchObject({ code });
    for (const malformed of [Uint8Array.of(0xff), Uint8Array.of(0x0a, 200)])
      expect(await stranger.send('ModelInfer', malformed).catch((error: unknown) => error)).toMatchObject({
        code: 16,
        details: 'a bearer token is needed',
      });
    expect(await friend.flag('ServerReady')).toBe(true);
    stranger.close();
    friend.close();
    await guarded.close();
  });
});

describe('a server with a certificate', () => {
  it('speaks TLS in both protocols, and nothing else', async () => {
    await using session = await createSession(digits);
    const scores = (await session.run({ image })).scores.data as Float32Array;
    const tls = selfSignedCertificate();
    const secured = await startServer({
      ...quiet,
      paths: [digits],
      tls,
      token: 'secret',
      drainMs: 0,
    });
    await secured.loaded;
    expect(secured.url).toMatch(/^https:/);
    const headers = { authorization: 'Bearer secret' };
    const get = (options: object) =>
      new Promise<number | string>((resolve) => {
        httpsGet(`${secured.url}/v2/models/digits`, options, (response) => {
          response.resume();
          resolve(response.statusCode!);
        }).on('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
      });
    expect(await get({ ca: tls.cert, headers })).toBe(200);
    expect(await get({ ca: tls.cert })).toBe(401);
    expect(await get({ headers })).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    await expect(call(secured.url.replace('https', 'http'), '/v2/health/live')).rejects.toThrow();
    const client = new GrpcClient(secured.grpcAddress!, 'secret', credentials.createSsl(tls.cert));
    const input = { name: 'image', datatype: 'FP32', shape: [1, 1, 8, 8] };
    expectScores(
      scores,
      new Float32Array(new Uint8Array((await client.infer('digits', [input], [bytesOf(image)])).raw[0]).buffer),
    );
    const plain = new GrpcClient(secured.grpcAddress!, 'secret');
    expect(await plain.send('ServerLive', new Uint8Array()).catch((error: unknown) => error)).toMatchObject({
      code: 14,
    });
    client.close();
    plain.close();
    await secured.close();
  });
});

describe('limits', () => {
  it('are told by a status each', async () => {
    const narrow = await startServer({
      ...quiet,
      paths: [digits],
      maxBody: 4096,
      maxTensors: 1,
      maxElements: 128,
      maxRequests: 4,
      timeoutMs: 5000,
      drainMs: 0,
    });
    expect((await call(narrow.url, '/v2/health/ready')).status).toBe(503);
    await narrow.loaded;
    expect((await call(narrow.url, '/v2/health/ready')).status).toBe(200);
    const infer = (body: string) => call(narrow.url, '/v2/models/digits/infer', { body });
    const error = async (body: string) => {
      const { status, json } = await infer(body);
      return [status, (json as { error: string }).error];
    };
    expect(await error('x'.repeat(5000))).toEqual([413, 'the body is too large']);
    expect(await error(request([], [3, 1, 8, 8]))).toEqual([413, expect.stringContaining('at most 128 are taken')]);
    const twice = request().replace(/"inputs":\[(.*)\]/, '"inputs":[$1,$1]');
    expect(await error(twice)).toEqual([413, expect.stringContaining('has 2 inputs; at most 1 are taken')]);
    const statuses = (await Promise.all(Array.from({ length: 40 }, () => infer(request())))).map(
      ({ status }) => status,
    );
    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    await narrow.close();
  });
});

describe('a server that cannot listen', () => {
  const open = (options: { port?: number; grpcPort?: number; host?: string; tls?: { cert: Buffer; key: Buffer } }) =>
    startServer({ ...quiet, paths: [digits], drainMs: 0, ...options });
  const portOf = (address: string) => Number(address.split(':').at(-1));

  it('says which address, and why, and lets go of the other', async () => {
    const server = await open({});
    const { port } = new URL(server.url);
    await expect(open({ port: Number(port) })).rejects.toThrow(
      `cannot listen for HTTP on 127.0.0.1:${port}: the address is in use`,
    );
    const first = await open({});
    await first.close();
    const free = portOf(first.url);
    const taken = portOf(server.grpcAddress!);
    await expect(open({ port: free, grpcPort: taken })).rejects.toThrow(
      `cannot listen for gRPC on 127.0.0.1:${taken}: the address is in use`,
    );
    const again = await open({ port: free });
    await again.close();
    await server.close();
  });

  it('says so of certificates before anything is opened', async () => {
    const text = Buffer.from('no certificate');
    await expect(open({ tls: { cert: text, key: text } })).rejects.toThrow('are not a pair in PEM');
  });
});
