import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { binaryRequest, call, encodeInfer, GrpcClient, type CallOptions } from '../../testing/inference.js';
import { random } from '../support/random.js';
import { damagedModels } from './damaged-models.js';
import type { ServerProcess } from './process.js';

export interface HostileResult {
  readonly sent: number;
  /** Answers by status; 200 for what was still a good request after its mutation. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What should not have been: another status than 200 or 4xx, an answer with a path of the machine, none at all. */
  readonly faults: readonly string[];
  /** Most resident memory seen, in bytes. */
  readonly peakResident: number;
}

type Random = () => number;
const pick = <T>(next: Random, list: readonly T[]): T => list[Math.floor(next() * list.length)];

/** Values that fit nowhere, or nearly. */
const oddities: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 53),
  1e308,
  '',
  'x',
  '../../etc/passwd',
  '__proto__',
  [],
  {},
  [[]],
  ['a'],
  [null],
  'ÿ\u0000',
  'A'.repeat(5000),
  [1, [2, [3]]],
  { length: 5 },
  'FP64',
  'BYTES',
  'INT64',
  [1, 1, 8, 8],
  [-1, 1, 8, 8],
  [2 ** 40],
];

function goodRequest(next: Random) {
  const rows = 1 + Math.floor(next() * 2);
  return {
    id: 'q',
    parameters: {},
    inputs: [
      {
        name: 'image',
        shape: [rows, 1, 8, 8],
        datatype: 'FP32',
        data: Array.from({ length: rows * 64 }, next) as unknown,
      },
    ],
    outputs: [{ name: 'scores', parameters: { binary_data: next() < 0.5 } }],
  };
}

/** Replaces, deletes or adds one field somewhere in a JSON value. */
function mutate(value: unknown, next: Random): unknown {
  if (next() < 0.15 || typeof value !== 'object' || value === null) return pick(next, oddities);
  if (Array.isArray(value)) {
    if (value.length === 0 || next() < 0.2) return [...(value as unknown[]), pick(next, oddities)];
    const at = Math.floor(next() * value.length);
    if (next() < 0.2) return (value as unknown[]).filter((_, i) => i !== at);
    return (value as unknown[]).map((item, i) => (i === at ? mutate(item, next) : item));
  }
  const keys = Object.keys(value);
  const key = next() < 0.1 ? pick(next, ['__proto__', 'constructor', 'extra', 'data', 'shape']) : pick(next, keys);
  if (next() < 0.15) return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  return { ...value, [key]: mutate((value as Record<string, unknown>)[key], next) };
}

/** Cuts, flips or doubles bytes. */
function scramble(bytes: Uint8Array, next: Random): Uint8Array {
  const copy = Buffer.from(bytes);
  const at = Math.floor(next() * copy.length);
  const kind = next();
  if (kind < 0.3) return copy.subarray(0, at);
  if (kind < 0.7) {
    copy[at] = Math.floor(next() * 256);
    return copy;
  }
  return Buffer.concat([copy, copy.subarray(at)]);
}

const paths = [
  '/v2/models/digits/infer',
  '/v2/models/digits/versions/1/infer',
  '/v2/models/digits/versions/-1/infer',
  '/v2/models/..%2f..%2fetc/infer',
  '/v2/models/%00/infer',
  '/v2/models/digits/versions/%2e%2e/infer',
  '/v2/models/__proto__/infer',
  '/v2/models/../../../etc/passwd',
  '/v2/repository/models/..%2f..%2froot/load',
  '/v2/repository/models/%2fetc%2fpasswd/load',
  '/v2/repository/models/digits%00/unload',
  '/%',
  '/v2/models/digits/infer?x=%zz',
  `/v2/models/${'a'.repeat(3000)}/infer`,
  '/v2/models//infer',
  '/..%5c..%5cwindows',
] as const;

function malformed(next: Random): { readonly path: string; readonly options: CallOptions } {
  const isElsewhere = next() < 0.2;
  const path = isElsewhere ? pick(next, paths.slice(2)) : pick(next, paths.slice(0, 2));
  const request = goodRequest(next);
  const kind = next();
  if (kind < 0.5) return { path, options: { body: JSON.stringify(mutate(request, next)) } };
  if (kind < 0.7) return { path, options: { body: scramble(Buffer.from(JSON.stringify(request)), next) } };
  const [input] = request.inputs;
  const size = pick(next, [256, 255, 0, -4, 1e9, 2 ** 53, '256', null]);
  const json = { ...request, inputs: [{ ...input, data: undefined, parameters: { binary_data_size: size } }] };
  const { body, headers } = binaryRequest(
    next() < 0.5 ? json : (mutate(json, next) as object),
    Buffer.alloc(Math.floor(next() * 600)),
  );
  const length =
    next() < 0.3
      ? String(pick(next, ['-1', '0', '99999999', 'NaN', '1e2', ' 12']))
      : headers['inference-header-content-length'];
  return { path, options: { body, headers: { ...headers, 'inference-header-content-length': length } } };
}

/** What an answer may not tell: places of this machine. */
function tellsPath(text: string, folder: string): boolean {
  return (
    text.includes(folder) ||
    /\/(home|root|tmp|usr|var|work|srv|opt)\//.test(text) ||
    /node_modules|\.ts:\d|\.js:\d/.test(text)
  );
}

interface Tally {
  readonly statuses: Record<string, number>;
  readonly faults: string[];
}

function judge(tally: Tally, status: number | string, text: string, folder: string, what: string): void {
  tally.statuses[status] = (tally.statuses[status] ?? 0) + 1;
  const expected = status === 200 || (typeof status === 'number' && status >= 400 && status < 500);
  if (!expected) tally.faults.push(`${what}: status ${status}: ${text.slice(0, 200)}`);
  if (tellsPath(text, folder)) tally.faults.push(`${what}: tells a path: ${text.slice(0, 300)}`);
}

/** Sends malformed requests, seeded, from a few connections, over HTTP and for a tenth of them over gRPC. */
export async function sendMalformed(
  server: ServerProcess,
  folder: string,
  count: number,
  seed: number,
): Promise<HostileResult> {
  const tally: Tally = { statuses: {}, faults: [] };
  let peakResident = server.resident();
  let at = 0;
  const strand = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const grpc = new GrpcClient(server.grpcAddress);
    for (let i = at++; i < count; i = at++) {
      const next = random(seed + i);
      if (i % 200 === 0) peakResident = Math.max(peakResident, server.resident());
      if (i % 10 === 0) {
        await scrambledGrpc(grpc, next, tally, folder, `gRPC request ${i}`);
        continue;
      }
      const { path, options } = malformed(next);
      try {
        const { status, body } = await call(server.url, path, { method: 'POST', ...options, agent });
        judge(tally, status, status === 200 ? '' : body.toString('latin1'), folder, `request ${i}`);
      } catch (error) {
        tally.faults.push(`request ${i} to ${path.slice(0, 60)} got no answer: ${String(error)}`);
      }
    }
    agent.destroy();
    grpc.close();
  };
  await Promise.all(Array.from({ length: 8 }, strand));
  return { sent: count, ...tally, peakResident };
}

/** gRPC codes of answers to requests that are wrong: bad, unknown, too large, or (13) bytes that are no message. */
const grpcRefusals: ReadonlySet<number> = new Set([3, 5, 8, 12, 13]);

async function scrambledGrpc(
  grpc: GrpcClient,
  next: Random,
  tally: Tally,
  folder: string,
  what: string,
): Promise<void> {
  const input = {
    name: 'image',
    datatype: pick(next, ['FP32', 'INT8', 'FP99', '']),
    shape: [pick(next, [1, -1, 2 ** 40]), 1, 8, 8],
  };
  const bytes = encodeInfer(pick(next, ['digits', '../x', '']), [input], [Buffer.alloc(pick(next, [256, 3]))]);
  try {
    await grpc.send('ModelInfer', scramble(bytes, next));
    judge(tally, 200, '', folder, what);
  } catch (error) {
    const { code = -1, details = '' } = error as { readonly code?: number; readonly details?: string };
    if (grpcRefusals.has(code)) judge(tally, 400, details, folder, what);
    else judge(tally, `gRPC ${code}`, details, folder, what);
  }
}

/** Puts damaged models into the repository and loads them by requests; those that load are run once and unloaded. */
export async function loadMalformed(
  server: ServerProcess,
  folder: string,
  model: string,
  count: number,
): Promise<HostileResult> {
  const tally: Tally = { statuses: {}, faults: [] };
  const damaged = damagedModels(new Uint8Array(readFileSync(model)));
  const image = { name: 'image', shape: [1, 1, 8, 8], datatype: 'FP32', data: Array(64).fill(0.5) };
  const file = join(folder, 'damaged.onnx');
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let peakResident = server.resident();
  for (let i = 0; i < count; i++) {
    writeFileSync(file, damaged(i));
    const post = async (path: string, body?: string) => {
      const { status, body: answer } = await call(server.url, path, { method: 'POST', body, agent });
      judge(tally, status, status === 200 ? '' : answer.toString('latin1'), folder, `model ${i}, ${path}`);
      return status;
    };
    try {
      if ((await post('/v2/repository/models/damaged/load')) === 200) {
        await post('/v2/models/damaged/infer', JSON.stringify({ inputs: [image] }));
        await post('/v2/repository/models/damaged/unload');
      }
    } catch (error) {
      tally.faults.push(`model ${i}: no answer: ${String(error)}`);
      if (server.child.exitCode !== null || server.child.signalCode !== null) break;
    }
    if (i % 20 === 0) peakResident = Math.max(peakResident, server.resident());
  }
  rmSync(file, { force: true });
  agent.destroy();
  return { sent: count, ...tally, peakResident };
}
