// A child process: builds, runs and compares the graphs of seeds [first, last), and sends an Outcome for each.
import { acquireDevice, createSession, type Device, type Tensor } from '@tessera/runtime';
import ort from 'onnxruntime-node';
import { buildModel } from '../../testing/index.js';
import { messageOf } from '../support/report.js';
import type { ValueKind } from './builder.js';
import { randomGraph, type Fed, type RandomGraph } from './graph.js';
import type { Outcome } from './messages.js';

/** Of the largest magnitude expected, and of the bound by which errors before a cancellation are measured. */
const tolerance = { relative: 1e-4, ofBound: 2e-6 };

const arrays = {
  float32: (values: readonly number[]) => Float32Array.from(values),
  int32: (values: readonly number[]) => Int32Array.from(values),
  int64: (values: readonly number[]) => BigInt64Array.from(values, BigInt),
  bool: (values: readonly number[]) => Uint8Array.from(values),
} satisfies Readonly<Record<ValueKind, (values: readonly number[]) => Tensor['data']>>;

type Numbers = ArrayLike<number | bigint>;

async function runReference(model: Uint8Array, feeds: readonly Fed[]) {
  const session = await ort.InferenceSession.create(model, { executionProviders: ['cpu'], logSeverityLevel: 4 });
  const tensors = feeds.map(({ name, kind, dims, elements }) => {
    return [name, new ort.Tensor(kind as 'float32', arrays[kind](elements) as Float32Array, dims)] as const;
  });
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return results;
}

async function runOurs(device: Device, model: Uint8Array, feeds: readonly Fed[]) {
  const session = await createSession(model, { device });
  try {
    const tensors = feeds.map(({ name, kind, dims, elements }) => {
      return [name, { dataType: kind, dims, data: arrays[kind](elements) }] as const;
    });
    return await session.run(Object.fromEntries(tensors));
  } finally {
    session.dispose();
  }
}

/** How the outputs differ, as a sentence; undefined where they agree. */
function difference(
  { outputs }: RandomGraph,
  ours: Readonly<Record<string, Tensor>>,
  reference: Record<string, unknown>,
) {
  for (const { name, kind, bound } of outputs) {
    const wanted = reference[name] as ort.Tensor;
    const found = ours[name];
    if (found.dims.join() !== wanted.dims.join())
      return `${name} has the shape [${found.dims}], and [${wanted.dims}] is right`;
    const [a, b] = [found.data as Numbers, wanted.data as unknown as Numbers];
    let largest = 0;
    for (let i = 0; i < b.length; i++)
      if (Number.isFinite(Number(b[i]))) largest = Math.max(largest, Math.abs(Number(b[i])));
    const allowed = kind === 'float32' ? tolerance.relative * largest + tolerance.ofBound * bound : 0;
    for (let i = 0; i < b.length; i++) {
      const [mine, right] = [Number(a[i]), Number(b[i])];
      const isClose = Object.is(mine, right) || mine === right || Math.abs(mine - right) <= allowed;
      if (!isClose)
        return `element ${i} of ${name} [${wanted.dims}] is ${mine}, and ${right} is right within ${allowed.toExponential(1)}`;
    }
  }
  return undefined;
}

async function check(device: Device, seed: number): Promise<Outcome> {
  const graph = randomGraph(seed);
  const operators = graph.model.nodes.map((node) => node.opType);
  const model = buildModel(graph.model);
  let reference: Record<string, unknown>;
  try {
    reference = await runReference(model, graph.feeds);
  } catch (error) {
    return { seed, status: 'refused', reason: messageOf(error), operators };
  }
  try {
    const reason = difference(graph, await runOurs(device, model, graph.feeds), reference);
    return { seed, status: reason ? 'failed' : 'passed', reason, operators };
  } catch (error) {
    return { seed, status: 'failed', reason: messageOf(error), operators };
  }
}

const [adapter, first, last] = process.argv.slice(2);
const device = await acquireDevice({ adapter });
for (let seed = Number(first); seed < Number(last); seed++) process.send!(await check(device, seed));
process.disconnect!();
process.exit(0);
