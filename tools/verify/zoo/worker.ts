// The child process of one network: runs it in onnxruntime's CPU provider, then in Tessera, and sends a Row for each
// set of sizes.
import { createSession, type Session } from '@tessera/runtime';
import ort from 'onnxruntime-node';
import { median, timeRuns } from '../support/measure.js';
import { messageOf } from '../support/report.js';
import type { SeededInput, Sizes } from '../support/shared-data.js';
import { relativeDifference, type Values } from './compare.js';
import { openNetwork, type Network } from './networks.js';
import type { Row } from './row.js';

const TOLERANCE = 1e-3;
const timing = { warmUpMs: 0, minRuns: 1, maxRuns: 6, budgetMs: 1500 };

type Feeds = Readonly<Record<string, SeededInput>>;
type Results = Record<string, Values>;

interface Timed {
  readonly results: Results;
  readonly ms: number;
}

/** Results of a run, and the median time of the runs after the first; where one run takes all the time there is, its own. */
async function runAndTime(run: () => Promise<unknown>): Promise<Timed> {
  let results: unknown;
  const times = await timeRuns(async () => {
    results = await run();
  }, timing);
  return { results: results as Results, ms: median(times.length > 1 ? times.slice(1) : times) };
}

async function runReference(network: Network): Promise<Timed[]> {
  const session = await ort.InferenceSession.create(network.path, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  const references: Timed[] = [];
  for (const sizes of network.sizes) {
    const feeds = Object.fromEntries(
      Object.entries(network.inputsFor(sizes)).map(([name, { type, dims, data }]) => [
        name,
        new ort.Tensor(type, data, dims),
      ]),
    );
    references.push(await runAndTime(() => session.run(feeds)));
  }
  await session.release();
  return references;
}

function runOurs(session: Session, feeds: Feeds): Promise<Timed> {
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { type, dims, data }]) => [name, { dataType: type, dims, data }]),
  );
  return runAndTime(() => session.run(tensors));
}

function compareAll(ours: Results, reference: Results): number {
  const differences = Object.entries(reference).map(([name, wanted]) => {
    if (!ours[name]) throw new Error(`output "${name}" is missing; there are ${Object.keys(ours).join(', ')}`);
    return relativeDifference(name, ours[name], wanted);
  });
  return Math.max(...differences);
}

function rowName(network: Network, sizes: Sizes): string {
  const text = Object.entries(sizes).map(([symbol, size]) => ` ${symbol}=${size}`);
  return `${network.name}${text.join('')}`;
}

async function check(session: Session, network: Network, sizes: Sizes, reference: Timed): Promise<Row> {
  const row = { name: rowName(network, sizes), referenceMs: reference.ms, adapter: session.report.adapter.name };
  try {
    const { results, ms } = await runOurs(session, network.inputsFor(sizes));
    const difference = compareAll(results, reference.results);
    const passed = difference <= TOLERANCE;
    const reason = passed ? undefined : `the difference must not exceed ${TOLERANCE}`;
    return { ...row, passed, difference, oursMs: ms, reason };
  } catch (error) {
    return { ...row, passed: false, reason: messageOf(error) };
  }
}

const [name, adapter] = process.argv.slice(2);
const send = (row: Row) => process.send!(row);

const network = await openNetwork(name);
const references = await runReference(network);
try {
  const session = await createSession(network.path, { adapter });
  for (const [i, sizes] of network.sizes.entries()) send(await check(session, network, sizes, references[i]));
} catch (error) {
  for (const [i, sizes] of network.sizes.entries()) {
    send({ name: rowName(network, sizes), passed: false, referenceMs: references[i].ms, reason: messageOf(error) });
  }
}
process.disconnect!();
process.exit(0);
