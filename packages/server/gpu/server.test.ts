import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSession } from '@tessera/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { startServer, type RunningServer } from '../src/index.js';
import {
  binaryRequest,
  call,
  contents,
  encodeTexts,
  GrpcClient,
  readFields,
} from '../../../tools/testing/inference.js';
import { bytesOf, digits, expectScores, image, quiet, request } from './support.js';

/** y = x, for x of any type, beside its shape. */
const echo = (dataType: 'int32' | 'float16') =>
  buildModel({
    inputs: [{ name: 'x', dataType, dims: ['N', 3] }],
    outputs: [
      { name: 'y', dataType, dims: ['N', 3] },
      { name: 'size', dataType: 'int64', dims: [2] },
    ],
    nodes: [
      { opType: 'Reshape', inputs: ['x', 'all'], outputs: ['y'] },
      { opType: 'Shape', inputs: ['x'], outputs: ['size'] },
    ],
    initializers: [{ name: 'all', dataType: 'int64', dims: [2], data: BigInt64Array.of(-1n, 3n) }],
  });

let folder: string;
let server: RunningServer;
let scores: Float32Array;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-serve-'));
  mkdirSync(join(folder, 'digits', '1'), { recursive: true });
  mkdirSync(join(folder, 'digits', '3'));
  for (const version of ['1', '3']) copyFileSync(digits, join(folder, 'digits', version, 'model.onnx'));
  writeFileSync(join(folder, 'echo.onnx'), echo('int32'));
  writeFileSync(join(folder, 'half.onnx'), echo('float16'));
  writeFileSync(join(folder, 'broken.onnx'), 'no model');
  server = await startServer({
    ...quiet,
    paths: [folder],
    drainMs: 0,
    maxElements: 6400,
  });
  expect(await server.loaded).toEqual({ ready: 4, failed: 1 });
  await using session = await createSession(digits);
  scores = (await session.run({ image })).scores.data as Float32Array;
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('over HTTP', () => {
  it('tells of itself and of its models', async () => {
    expect((await call(server.url, '/v2/health/live')).status).toBe(200);
    expect((await call(server.url, '/v2/health/ready')).status).toBe(200);
    for (const path of ['/v2', '/v2/'])
      expect((await call(server.url, path)).json).toMatchObject({
        name: 'tessera',
        extensions: ['binary_tensor_data', 'model_repository'],
      });
    const metadata = {
      name: 'digits',
      versions: ['1', '3'],
      platform: 'onnx_tessera',
      inputs: [{ name: 'image', datatype: 'FP32', shape: [-1, 1, 8, 8] }],
      outputs: [{ name: 'scores', datatype: 'FP32', shape: [-1, 10] }],
    };
    expect((await call(server.url, '/v2/models/digits')).json).toMatchObject(metadata);
    expect((await call(server.url, '/v2/models/digits/versions/1')).json).toMatchObject(metadata);
    for (const path of ['digits/ready', 'digits/versions/3/ready'])
      expect((await call(server.url, `/v2/models/${path}`)).status).toBe(200);
    expect((await call(server.url, '/v2/models/broken/ready')).status).toBe(503);
    for (const path of [
      'digits/versions/2/ready',
      'nothing',
      'nothing/ready',
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e/ready',
    ])
      expect((await call(server.url, `/v2/models/${path}`)).status).toBe(404);
  });

  it('infers from JSON, of the newest version or the one named', async () => {
    const newest = await call(server.url, '/v2/models/digits/infer', { body: request() });
    expect(newest.status).toBe(200);
    expect(newest.json).toMatchObject({ model_name: 'digits', model_version: '3', id: 'a' });
    const { outputs } = newest.json as {
      outputs: { name: string; datatype: string; shape: number[]; data: number[] }[];
    };
    expect(outputs).toMatchObject([{ name: 'scores', datatype: 'FP32', shape: [1, 10] }]);
    expectScores(scores, outputs[0].data);
    const first = await call(server.url, '/v2/models/digits/versions/1/infer', { body: request() });
    expect(first.json).toMatchObject({ model_version: '1' });
  });

  it('carries binary tensors byte for byte, both ways', async () => {
    const x = Int32Array.of(1, -2, 2147483647, -2147483648, 0, 7);
    const input = { name: 'x', shape: [2, 3], datatype: 'INT32', parameters: { binary_data_size: 24 } };
    const outputs = [{ name: 'y', parameters: { binary_data: true } }, { name: 'size' }];
    const answer = await call(
      server.url,
      '/v2/models/echo/infer',
      binaryRequest({ inputs: [input], outputs }, bytesOf(x)),
    );
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    expect(answer.json).toMatchObject({
      outputs: [
        { name: 'y', datatype: 'INT32', shape: [2, 3], parameters: { binary_data_size: 24 } },
        { name: 'size', datatype: 'INT64', shape: [2], data: [2, 3] },
      ],
    });
    expect(answer.binary).toEqual(bytesOf(x));
    const half = Uint16Array.of(0x3c00, 0x7bff, 0x8000);
    const halves = { name: 'x', shape: [1, 3], datatype: 'FP16', parameters: { binary_data_size: 6 } };
    const all = { inputs: [halves], outputs: [{ name: 'y' }], parameters: { binary_data_output: true } };
    expect((await call(server.url, '/v2/models/half/infer', binaryRequest(all, bytesOf(half)))).binary).toEqual(
      bytesOf(half),
    );
  });

  it.each([
    ['no JSON', '{', 400, 'the body is not JSON'],
    [
      'a wrong shape',
      request([...image], [1, 8, 8]),
      400,
      'input "image" has the shape [1, 8, 8]; the model takes [N, 1, 8, 8]',
    ],
    ['an impossible shape', request([], [2 ** 30, 1, 8, 8]), 413, 'at most 6400 are taken'],
    [
      'an unknown output',
      request().replace('"inputs"', '"outputs":[{"name":"z"}],"inputs"'),
      400,
      'the model has no output "z"',
    ],
    ['an unknown input', request().replace('"image"', '"picture"'), 400, 'the model has no input "picture"'],
  ])('answers %s with what is wrong', async (_, body, status, message) => {
    const answer = await call(server.url, '/v2/models/digits/infer', { body });
    expect(answer.status).toBe(status);
    expect((answer.json as { error: string }).error).toContain(message);
  });

  it('documents itself, with the paths of the published interface', async () => {
    const { json } = await call(server.url, '/openapi.json');
    const { openapi, paths } = json as {
      openapi: string;
      paths: Record<string, Record<string, { requestBody?: unknown }>>;
    };
    expect(openapi).toMatch(/^3\./);
    const model = '/v2/models/{model}';
    const published = [
      '/v2/health/live',
      '/v2/health/ready',
      '/v2',
      model,
      `${model}/versions/{version}`,
      `${model}/versions/{version}/ready`,
    ];
    for (const path of published) expect(paths[path]).toHaveProperty('get');
    expect(paths[`${model}/versions/{version}/infer`].post.requestBody).toBeDefined();
  });

  it('counts what it does', async () => {
    await call(server.url, '/v2/models/digits/infer', { body: request() });
    await call(server.url, '/v2/models/digits/infer', { body: '{' });
    const text = (await call(server.url, '/metrics')).body.toString();
    const value = (line: RegExp) => Number(new RegExp(`^${line.source} (\\S+)$`, 'm').exec(text)?.[1]);
    expect(value(/tessera_requests_total\{model="digits",version="3",protocol="http",code="200"\}/)).toBeGreaterThan(0);
    expect(value(/tessera_requests_total\{model="digits",version="3",protocol="http",code="400"\}/)).toBeGreaterThan(0);
    expect(
      value(/tessera_request_duration_seconds_count\{model="digits",version="3",protocol="http"\}/),
    ).toBeGreaterThan(1);
    expect(value(/tessera_batch_rows_sum\{model="digits",version="3"\}/)).toBeGreaterThan(0);
    expect(value(/tessera_gpu_seconds_total\{model="digits",version="3"\}/)).toBeGreaterThan(0);
    expect(value(/tessera_gpu_memory_bytes\{device="0"\}/)).toBeGreaterThan(0);
    expect(value(/tessera_model_ready\{model="broken",version="1"\}/)).toBe(0);
    expect(value(/tessera_requests_in_flight/)).toBe(0);
  });

  it('loads and unloads models', async () => {
    const post = (path: string) => call(server.url, `/v2/repository/${path}`, { method: 'POST' });
    writeFileSync(join(folder, 'later.onnx'), echo('int32'));
    const entry = async () => ((await post('index')).json as { name: string }[]).find(({ name }) => name === 'later');
    expect(await entry()).toEqual({ name: 'later', version: '1', state: 'UNAVAILABLE', reason: 'not loaded' });
    expect((await post('models/later/load')).status).toBe(200);
    expect(await entry()).toMatchObject({ state: 'READY' });
    expect((await call(server.url, '/v2/models/later/ready')).status).toBe(200);
    expect((await post('models/later/unload')).status).toBe(200);
    expect((await call(server.url, '/v2/models/later/ready')).status).toBe(503);
    const broken = await post('models/broken/load');
    expect(broken.status).toBe(400);
    expect((broken.json as { error: string }).error).toContain('broken.onnx is not an ONNX file');
    expect(broken.body.toString()).not.toContain(folder);
    for (const name of ['nothing', '..%2flater', '.', 'a%00b'])
      expect((await post(`models/${name}/load`)).status).toBe(404);
  });

  it('is not disturbed by clients that go away, or send half a body', async () => {
    const { hostname, port } = new URL(server.url);
    const open = (text: string, end: boolean) =>
      new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(text);
          setTimeout(() => (end ? socket.end() : socket.destroy()), 20);
        });
        socket.resume().on('error', () => {});
        socket.on('close', () => resolve());
      });
    const head = `POST /v2/models/digits/infer HTTP/1.1\r\nHost: x\r\nContent-Length: ${request().length}\r\n\r\n`;
    const bad = [
      open(head, false),
      open(head + request().slice(0, 50), true),
      open(head + request(), false),
      open('nonsense\r\n\r\n', true),
    ];
    const good = Array.from({ length: 8 }, async () => {
      const { json } = await call(server.url, '/v2/models/digits/infer', { body: request() });
      expectScores(scores, (json as { outputs: { data: number[] }[] }).outputs[0].data);
    });
    await Promise.all([...bad, ...good]);
  });
});

describe('over gRPC', () => {
  let client: GrpcClient;
  beforeAll(() => {
    client = new GrpcClient(server.grpcAddress!);
  });
  afterAll(() => client.close());

  it('tells of itself and of its models', async () => {
    expect(await client.flag('ServerLive')).toBe(true);
    expect(await client.flag('ServerReady')).toBe(true);
    expect(await client.flag('ModelReady', encodeTexts([1, 'digits']))).toBe(true);
    expect(await client.flag('ModelReady', encodeTexts([1, 'broken']))).toBe(false);
    const metadata = readFields(await client.send('ModelMetadata', encodeTexts([1, 'digits'], [2, '1'])));
    const decode = (field: unknown) => new TextDecoder().decode(field as Uint8Array);
    expect(metadata.get(2)!.map(decode)).toEqual(['1', '3']);
    const tensor = readFields(metadata.get(4)![0] as Uint8Array);
    expect([decode(tensor.get(1)![0]), decode(tensor.get(2)![0])]).toEqual(['image', 'FP32']);
    expect(decode(readFields(await client.send('ServerMetadata', new Uint8Array())).get(1)![0])).toBe('tessera');
  });

  it('infers from raw and from typed contents', async () => {
    const input = { name: 'image', datatype: 'FP32', shape: [1, 1, 8, 8] };
    const raw = await client.infer('digits', [input], [bytesOf(image)], { id: 'q', version: '1', outputs: ['scores'] });
    expect(raw).toMatchObject({ modelName: 'digits', modelVersion: '1', id: 'q' });
    expect(raw.outputs).toEqual([{ name: 'scores', datatype: 'FP32', shape: [1, 10] }]);
    const floats = (bytes: Buffer) => new Float32Array(new Uint8Array(bytes).buffer);
    expectScores(scores, floats(raw.raw[0]));
    const typed = await client.infer('digits', [{ ...input, contents: contents(6, [...image]) }], []);
    expectScores(scores, floats(typed.raw[0]));
  });

  it('carries raw tensors byte for byte, and integers in typed ones', async () => {
    const x = Int32Array.of(1, -2, 2147483647, -2147483648, 0, 7);
    const input = { name: 'x', datatype: 'INT32', shape: [2, 3] };
    const raw = await client.infer('echo', [input], [bytesOf(x)], { outputs: ['y'] });
    expect(raw.raw).toEqual([bytesOf(x)]);
    const typed = await client.infer('echo', [{ ...input, contents: contents(2, [...x]) }], [], {
      outputs: ['y', 'size'],
    });
    expect(typed.raw[0]).toEqual(bytesOf(x));
    expect(typed.raw[1]).toEqual(bytesOf(BigInt64Array.of(2n, 3n)));
  });

  it('answers wrong requests with a status', async () => {
    const input = { name: 'image', datatype: 'FP32', shape: [1, 1, 8, 8] };
    const fails = async (run: Promise<unknown>, code: number, details: string) =>
      expect(await run.catch((error: unknown) => error)).toMatchObject({
        code,
        details: expect.stringContaining(details),
      });
    await fails(client.infer('nothing', [input], [bytesOf(image)]), 5, 'there is no model of this name');
    await fails(
      client.infer('digits', [input], [Buffer.alloc(4)]),
      3,
      'has 4 bytes of binary data; its shape needs 256',
    );
    await fails(client.infer('digits', [input], [Buffer.alloc(256), Buffer.alloc(1)]), 3, 'it needs one for each');
    await fails(
      client.infer('digits', [{ ...input, contents: contents(6, [1]) }], []),
      3,
      'has 1 elements in fp32_contents',
    );
    await fails(
      client.infer('digits', [{ ...input, shape: [-1, 1, 8, 8] }], [bytesOf(image)]),
      3,
      'the shape of input "image"',
    );
    await fails(
      client.infer('half', [{ name: 'x', datatype: 'FP16', shape: [1, 3] }], []),
      3,
      'only raw_input_contents',
    );
    await fails(client.send('RepositoryModelLoad', encodeTexts([2, '../x'])), 5, 'there is no model of this name');
    await fails(client.send('NoSuchMethod', new Uint8Array()), 12, '');
  });

  it('loads and unloads models', async () => {
    writeFileSync(join(folder, 'remote.onnx'), echo('int32'));
    await client.send('RepositoryModelLoad', encodeTexts([2, 'remote']));
    expect(await client.flag('ModelReady', encodeTexts([1, 'remote']))).toBe(true);
    expect(readFields(await client.send('RepositoryIndex', new Uint8Array())).get(1)!.length).toBeGreaterThan(4);
    await client.send('RepositoryModelUnload', encodeTexts([2, 'remote']));
    expect(await client.flag('ModelReady', encodeTexts([1, 'remote']))).toBe(false);
  });
});

describe('when the device is lost', () => {
  it('answers with 503 or rightly, and goes on', async () => {
    const ask = () => call(server.url, '/v2/models/digits/infer', { body: request() });
    const asked = Array.from({ length: 12 }, ask);
    await new Promise((resolve) => setTimeout(resolve, 10));
    server.devices[0].gpu.destroy();
    for (const { status, json, headers } of await Promise.all(asked)) {
      if (status === 200) expectScores(scores, (json as { outputs: { data: number[] }[] }).outputs[0].data);
      else expect([status, headers['retry-after']]).toEqual([503, '1']);
    }
    expect((await ask()).status).toBe(200);
    expect((await call(server.url, '/v2/health/ready')).status).toBe(200);
  });
});
