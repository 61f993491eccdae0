// The child process of one network: runs it in onnxruntime's CPU provider, then in Tessera, and sends a Row for each
// set of sizes. Arguments: the network, the adapter, and milliseconds to spend on timing each runtime.
import { createSession, type Session } from '@tessera/runtime';
import { median, timeRuns } from '../support/measure.js';
import { messageOf } from '../support/report.js';
import type { Sizes } from '../support/shared-data.js';
import { judge } from './criteria.js';
import { openNetwork, type Network } from './networks.js';
import { isUndecided, judgePieces, selfDifference } from './piecewise.js';
import type { Row } from './row.js';
import { referenceSession, runOurs, runReference, type Answers } from './runs.js';

const [name, adapter, budget] = process.argv.slice(2);
const timing = { warmUpMs: 0, minRuns: 1, maxRuns: 6, budgetMs: Number(budget) };

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

async function timeReference(network: Network): Promise<Timed[]> {
  const session = await referenceSession(network.path);
  const references: Timed[] = [];
  for (const sizes of network.sizes) {
    const feeds = network.inputsFor(sizes);
    references.push(await runAndTime(() => runReference(session, feeds)));
  }
  await session.release();
  return references;
}

function rowName(network: Network, sizes: Sizes): string {
  const text = Object.entries(sizes).map(([symbol, size]) => ` ${symbol}=${size}`);
  return `${network.name}${text.join('')}`;
}

async function check(session: Session, network: Network, sizes: Sizes, reference: Timed): Promise<Row> {
  const row = { name: rowName(network, sizes), referenceMs: reference.ms, adapter: session.report.adapter.name };
  try {
    const feeds = network.inputsFor(sizes);
    const { answers, ms: oursMs } = await runAndTime(() => runOurs(session, feeds));
    const whole = judge(network.criterion, answers, reference.answers);
    const pieces = whole.passed ? undefined : await settle(network, sizes, reference.answers);
    const { passed, difference, reason, note } = pieces ?? { ...whole, note: undefined };
    return { ...row, status: passed ? 'passed' : 'failed', difference, oursMs, reason, note };
  } catch (error) {
    return { ...row, status: 'failed', reason: messageOf(error) };
  }
}

/** The verdict piece by piece, where rounding errors have a say in the answers of the whole. */
async function settle(network: Network, sizes: Sizes, reference: Answers) {
  const { criterion } = network;
  const spread = await selfDifference(criterion, network.path, network.inputsFor(sizes), reference);
  if (!isUndecided(criterion, spread)) return undefined;
  const note = `in pieces: onnxruntime differs from itself by ${spread.toExponential(1)} without its optimizations`;
  return { ...(await judgePieces(network, sizes, adapter)), note };
}

const send = (row: Row) => process.send!(row);

const network = await openNetwork(name);
const references = await timeReference(network);
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
