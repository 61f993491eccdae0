import { connect } from 'node:net';
import { random } from '../support/random.js';
import type { ServerProcess } from './process.js';
import { MixedClient, type Case, type Outcome } from './requests.js';

export interface LoadResult {
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Requests that got no answer. */
  readonly lost: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly seconds: number;
  /** After the first tenth of the requests, and after the last. */
  readonly resident: readonly [number, number];
  readonly gpuBytes: readonly [number, number];
  /** Clients that misbehaved meanwhile. */
  readonly disturbances: number;
}

async function gpuBytes(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^tessera_gpu_memory_bytes\{device="0"\} (\S+)$/m.exec(text)?.[1]);
}

/** Sends requests of a list of cases from clients side by side, while others send half bodies, hang up, or ask for the impossible. */
export async function load(
  server: ServerProcess,
  cases: readonly Case[],
  requests: number,
  clients: number,
): Promise<LoadResult> {
  const outcomes = { right: 0, retryable: 0, wrong: 0 };
  const times: number[] = [];
  const marks: { resident: number; gpu: number }[] = [];
  const mark = async () => marks.push({ resident: server.resident(), gpu: await gpuBytes(server.url) });
  let lost = 0;
  let next = 0;
  const started = performance.now();
  const disturber = disturb(server.url);
  const client = async (first: number) => {
    const asker = new MixedClient(server.url, server.grpcAddress, first);
    for (let i = next++; i < requests; i = next++) {
      if (i === Math.floor(requests / 10)) await mark();
      const asked = performance.now();
      const outcome = await asker.ask(cases[i % cases.length]).catch(() => undefined);
      times.push(performance.now() - asked);
      if (outcome) outcomes[outcome]++;
      else lost++;
    }
    asker.close();
  };
  await Promise.all(Array.from({ length: clients }, (_, i) => client(i)));
  const seconds = (performance.now() - started) / 1000;
  const disturbances = await disturber.stop();
  await mark();
  times.sort((a, b) => a - b);
  const percentile = (p: number) => times[Math.min(times.length - 1, Math.floor(times.length * p))];
  const [first, last] = marks;
  return {
    outcomes,
    lost,
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    seconds,
    resident: [first.resident, last.resident],
    gpuBytes: [first.gpu, last.gpu],
    disturbances,
  };
}

const body = JSON.stringify({
  inputs: [{ name: 'image', shape: [1, 1, 8, 8], datatype: 'FP32', data: Array(64).fill(0.5) }],
});
const head = (length: number) =>
  `POST /v2/models/digits/infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
const impossible = JSON.stringify({
  inputs: [{ name: 'image', shape: [2 ** 40, 1, 8, 8], datatype: 'FP32', data: [] }],
});
const wide = JSON.stringify({
  inputs: [{ name: 'image', shape: [1, 1, 9, 9], datatype: 'FP32', data: Array(81).fill(0) }],
});

/** Texts that misbehaving clients send, and whether they wait for an answer before they hang up. */
const misbehaviours: readonly { readonly text: string; readonly waits: boolean }[] = [
  { text: head(body.length) + body.slice(0, 100), waits: false },
  { text: head(body.length) + body, waits: false },
  { text: head(body.length), waits: false },
  { text: 'GARBAGE\r\n\r\n', waits: true },
  { text: head(impossible.length) + impossible, waits: true },
  { text: head(wide.length) + wide, waits: true },
];

function disturb(url: string): { stop(): Promise<number> } {
  const { hostname, port } = new URL(url);
  const next = random(7);
  let stopped = false;
  let count = 0;
  const once = (text: string, waits: boolean) =>
    new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.on('error', () => {}).on('close', () => resolve());
      socket.on('data', () => socket.destroy());
      setTimeout(() => socket.destroy(), waits ? 2000 : 5 + next() * 20);
    });
  const strand = async () => {
    while (!stopped) {
      const { text, waits } = misbehaviours[count++ % misbehaviours.length];
      await once(text, waits);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const strands = [strand(), strand()];
  return {
    async stop() {
      stopped = true;
      await Promise.all(strands);
      return count;
    },
  };
}
