import type { ServerProcess } from './process.js';
import { MixedClient, type Case } from './requests.js';

/** Requests a second of clients that ask one after another, after a warm-up of a fifth of the time. */
export async function throughput(
  server: ServerProcess,
  cases: readonly Case[],
  clients: number,
  ms: number,
): Promise<number> {
  const begin = performance.now() + ms / 5;
  const end = begin + ms;
  let count = 0;
  const client = async (first: number) => {
    const asker = new MixedClient(server.url, server.grpcAddress, first);
    for (let i = first; performance.now() < end; i++) {
      if ((await asker.ask(cases[i % cases.length])) !== 'right') throw new Error('an answer was not right');
      const now = performance.now();
      if (now >= begin && now < end) count++;
    }
    asker.close();
  };
  await Promise.all(Array.from({ length: clients }, (_, i) => client(i)));
  return (count / ms) * 1000;
}
