// The child process of one network: runs it in onnxruntime's CPU provider, then in Tessera, and sends a Row for each
// set of sizes. Arguments: the network, the adapter, and milliseconds to spend on timing each runtime.
import { createSession, type Session } from '@tessera/runtime';
import ort from 'onnxruntime-node';
import { median, timeRuns } from '../support/measure.js';
import { messageOf } from '../support/report.js';
import type { SeededInput, Sizes } from '../support/shared-data.js';
import { judge, type Answer } from './criteria.js';
import { openNetwork, type Network } from './networks.js';
import type { Row } from './row.js';

const [name, adapter, budget] = process.argv.slice(2);
const timing = { warmUpMs: 0, minRuns: 1, maxRuns: 6, budgetMs: Number(budget) };

type Feeds = Readonly<Record<string, SeededInput>>;
type Answers = Readonly<Record<string, Answer>>;

interface Timed {
  readonly answers: Answers;
  readonly ms: number;
}

/** Answers of a run, and the median time of the runs after the first; where one run takes all the time there is, its own. */
async function runAndTime(run: () => Promise<Answers>): Promise<Timed> {
  let answers: Answers = {};
  const times = await timeRuns(async () => {
    answers = await run();
  }, timing);
  return { answers, ms: median(times.length > 1 ? times.slice(1) : times) };
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
    references.push(await runAndTime(async () => answersOfReference(await session.run(feeds))));
  }
  await session.release();
  return references;
}

function answersOfReference(results: ort.InferenceSession.OnnxValueMapType): Answers {
  const entries = Object.entries(results).map(([name, value]) => {
    const { type, dims, data } = value as ort.Tensor;
    return [name, { dims, data: data as ArrayLike<number | bigint>, isHalf: type === 'float16' }] as const;
  });
  return Object.fromEntries(entries);
}

function runOurs(session: Session, feeds: Feeds): Promise<Timed> {
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { type, dims, data }]) => [name, { dataType: type, dims, data }]),
  );
  return runAndTime(async () => {
    const results = Object.entries(await session.run(tensors)).map(([name, { dataType, dims, data }]) => {
      return [name, { dims, data: data as ArrayLike<number | bigint>, isHalf: dataType === 'float16' }] as const;
    });
    return Object.fromEntries(results);
  });
}

function rowName(network: Network, sizes: Sizes): string {
  const text = Object.entries(sizes).map(([symbol, size]) => ` ${symbol}=${size}`);
  return `${network.name}${text.join('')}`;
}

async function check(session: Session, network: Network, sizes: Sizes, reference: Timed): Promise<Row> {
  const row = { name: rowName(network, sizes), referenceMs: reference.ms, adapter: session.report.adapter.name };
  try {
    const { answers, ms } = await runOurs(session, network.inputsFor(sizes));
    const { passed, difference, reason } = judge(network.criterion, answers, reference.answers);
    return { ...row, status: passed ? 'passed' : 'failed', difference, oursMs: ms, reason };
  } catch (error) {
    return { ...row, status: 'failed', reason: messageOf(error) };
  }
}

const send = (row: Row) => process.send!(row);

const network = await openNetwork(name);
const references = await runReference(network);
try {
  const session = await createSession(network.path, { adapter });
  for (const [i, sizes] of network.sizes.entries()) send(await check(session, network, sizes, references[i]));
} catch (error) {
  for (const [i, sizes] of network.sizes.entries()) {
    send({ name: rowName(network, sizes), status: 'failed', referenceMs: references[i].ms, reason: messageOf(error) });
  }
}
process.disconnect!();
process.exit(0);
