import { startServer } from '@tessera/server';
import { random } from '../support/random.js';
import { MixedClient, type Case, type Outcome } from './requests.js';

export interface LossResult {
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Requests that ended in no answer at all. */
  readonly lost: number;
  /** Milliseconds from each loss to the next right answer. */
  readonly recoveryMs: readonly number[];
}

/** Serves under load and destroys the device at random moments, behind the server's back. */
export async function loseDevices(
  model: string,
  adapter: string,
  cases: readonly Case[],
  losses: number,
  clients: number,
): Promise<LossResult> {
  const server = await startServer({
    paths: [model],
    adapters: [adapter],
    port: 0,
    grpcPort: 0,
    logLevel: 'silent',
    drainMs: 0,
  });
  await server.loaded;
  const outcomes = { right: 0, retryable: 0, wrong: 0 };
  let lost = 0;
  let stopped = false;
  let sinceLoss: number | undefined;
  const recoveryMs: number[] = [];
  const client = async (first: number) => {
    const asker = new MixedClient(server.url, server.grpcAddress!, first);
    for (let i = first; !stopped; i++) {
      const asked = performance.now();
      const outcome = await asker.ask(cases[i % cases.length]).catch(() => undefined);
      if (outcome) outcomes[outcome]++;
      else lost++;
      if (outcome === 'right' && sinceLoss !== undefined && asked > sinceLoss) {
        recoveryMs.push(performance.now() - sinceLoss);
        sinceLoss = undefined;
      }
      // A client that is told to try again waits a moment.
      if (outcome === 'retryable') await new Promise((resolve) => setTimeout(resolve, 20));
    }
    asker.close();
  };
  const running = Array.from({ length: clients }, (_, i) => client(i));
  const next = random(11);
  for (let i = 0; i < losses; i++) {
    await new Promise((resolve) => setTimeout(resolve, 200 + next() * 600));
    sinceLoss = performance.now();
    server.devices[0].gpu.destroy();
    while (sinceLoss !== undefined && performance.now() - sinceLoss < 30_000)
      await new Promise((resolve) => setTimeout(resolve, 10));
  }
  stopped = true;
  await Promise.all(running);
  await server.close();
  return { outcomes, lost, recoveryMs };
}
