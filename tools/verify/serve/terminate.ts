import { Agent } from 'node:http';
import { call } from '../../testing/inference.js';
import type { ServerProcess } from './process.js';
import type { Case } from './requests.js';

export interface TerminateResult {
  readonly answered: number;
  /** Connections that the server no longer took. */
  readonly refused: number;
  /** Requests that a connection was cut under. */
  readonly cut: readonly string[];
  readonly status: number | string;
}

/** Sends SIGTERM to a server under load; every request that it took must be answered. */
export async function terminate(
  server: ServerProcess,
  cases: readonly Case[],
  clients: number,
  afterMs: number,
): Promise<TerminateResult> {
  let answered = 0;
  let refused = 0;
  const cut: string[] = [];
  const client = async (first: number) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = first; ; i++) {
      const { rows, image } = cases[i % cases.length];
      const body = JSON.stringify({
        inputs: [{ name: 'image', shape: [rows, 1, 8, 8], datatype: 'FP32', data: Array.from(image) }],
      });
      try {
        const { status } = await call(server.url, '/v2/models/digits/infer', { body, agent });
        if (status === 200) answered++;
        else cut.push(`status ${status}`);
      } catch (error) {
        const { code = String(error) } = error as { readonly code?: string };
        if (code === 'ECONNREFUSED') refused++;
        else cut.push(code);
        break;
      }
    }
    agent.destroy();
  };
  const running = Array.from({ length: clients }, (_, i) => client(i));
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  const status = await server.stop();
  await Promise.all(running);
  return { answered, refused, cut, status };
}
