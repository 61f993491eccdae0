import { join } from 'node:path';
import { startServer, type RunningServer } from '@tessera/server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../testing/inference.js';
import { publishedSchema } from '../testing/src/inference/published-schemas.js';
import { repositoryRoot } from '../verify/support/shared-data.js';

let server: RunningServer;

beforeAll(async () => {
  const model = join(repositoryRoot, 'examples', 'digits', 'digits.onnx');
  server = await startServer({ paths: [model], port: 0, grpcPort: false, logLevel: 'silent', drainMs: 0 });
  await server.loaded;
});
afterAll(() => server.close());

function expectFits(name: string, body: unknown): void {
  const fits = publishedSchema(name);
  fits(body);
  expect(fits.errors ?? []).toEqual([]);
}

const request = (fields: object = {}) => ({
  id: '42',
  parameters: { priority: 1 },
  inputs: [{ name: 'image', shape: [1, 1, 8, 8], datatype: 'FP32', data: new Array(64).fill(0.5), ...fields }],
  outputs: [{ name: 'scores', parameters: {} }],
});

describe('bodies by the published OpenAPI document', () => {
  it('are those of the server and its models', async () => {
    expectFits('metadata_server_response', (await call(server.url, '/v2/')).json);
    for (const path of ['digits', 'digits/versions/1'])
      expectFits('metadata_model_response', (await call(server.url, `/v2/models/${path}`)).json);
  });

  it.each([
    ['flat', {}],
    ['nested', { data: [[Array.from({ length: 8 }, () => new Array(8).fill(0.5))]] }],
  ])('are those of inference, with %s data', async (_, fields) => {
    const body = request(fields);
    expectFits('inference_request', body);
    const answer = await call(server.url, '/v2/models/digits/versions/1/infer', { body: JSON.stringify(body) });
    expect([answer.status, answer.json]).toMatchObject([200, { id: '42', model_name: 'digits', model_version: '1' }]);
    expectFits('inference_response', answer.json);
  });

  it('are those of failures', async () => {
    const wrong = JSON.stringify(request({ shape: [2, 1, 8, 8] }));
    for (const body of ['{', '[]', wrong]) {
      const answer = await call(server.url, '/v2/models/digits/versions/1/infer', { body });
      expect(answer.status).toBe(400);
      expectFits('error_response', answer.json);
    }
    const missing = await call(server.url, '/v2/models/nothing');
    expect(missing.status).toBe(404);
    expectFits('error_response', missing.json);
  });

  it("say what KServe's client reads of a server that is live and ready", async () => {
    expect((await call(server.url, '/v2/health/live')).json).toEqual({ live: true });
    expect((await call(server.url, '/v2/health/ready')).json).toEqual({ ready: true });
    expect((await call(server.url, '/v2/models/digits/ready')).json).toEqual({ name: 'digits', ready: true });
  });
});
