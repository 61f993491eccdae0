// The child process of one contender and one model: worker.ts CONTENDER. Answers the requests of messages.ts in turn.
import { timeRuns } from '../../verify/support/measure.js';
import { messageOf } from '../../verify/support/report.js';
import { contenders, type Contender, type Feeds } from './contenders.js';
import { feedsFor, inputsOf, openDimensions, type InputSpec, type Sizes } from './inputs.js';
import type { Answer, ContenderName, Request } from './messages.js';

const MAX_RUNS = 1000;

const open = contenders[process.argv[2] as ContenderName];
const feeds = new Map<number, Feeds>();
let inputs: readonly InputSpec[] = [];
let sizes: Sizes = {};
let contender: Contender | undefined;

function feedsOf(batch: number): Feeds {
  let made = feeds.get(batch);
  if (!made) feeds.set(batch, (made = feedsFor(inputs, batch, sizes)));
  return made;
}

async function answer(request: Request): Promise<Answer> {
  if (request.kind === 'open') {
    inputs = inputsOf(request.model);
    ({ sizes } = request);
    const opened = await open(request.model, openDimensions(inputs, request.batch, sizes), request.tuning);
    ({ contender } = opened);
    const { createMs, parts } = opened;
    return { kind: 'open', createMs, parts, adapter: contender.adapter, driver: contender.driver };
  }
  const ready = contender!;
  const batch = feedsOf(request.batch);
  switch (request.kind) {
    case 'tune':
      if (!ready.tune) throw new Error('this runtime cannot be tuned');
      return { kind: 'tune', tuning: await ready.tune(openDimensions(inputs, request.batch, sizes), request.budgetMs) };
    case 'first': {
      const from = performance.now();
      const outputs = await ready.run(batch);
      const firstRunMs = performance.now() - from;
      const plain = Object.entries(outputs).map(([name, { dims, data }]) => [name, { dims: [...dims], data }] as const);
      return { kind: 'first', firstRunMs, outputs: Object.fromEntries(plain) };
    }
    case 'turn': {
      const { warmUpMs, budgetMs } = request;
      const plan = { warmUpMs, minRuns: 3, maxRuns: MAX_RUNS, budgetMs };
      const times = await timeRuns(() => ready.run(batch), plan);
      const { stage } = ready;
      const stagedTimes = stage
        ? await timeRuns(
            (staged) => ready.run(staged),
            plan,
            () => stage(batch),
          )
        : [];
      return { kind: 'turn', times, stagedTimes };
    }
    case 'gpu':
      if (!ready.gpu) throw new Error('this runtime does not tell its GPU time');
      return { kind: 'gpu', figures: await ready.gpu(batch, request.runs) };
  }
}

process.on('message', (request: Request) => {
  void answer(request)
    .catch((error: unknown): Answer => ({ kind: 'failure', reason: messageOf(error) }))
    .then((message) => process.send!(message));
});
process.on('disconnect', () => process.exit(0));
