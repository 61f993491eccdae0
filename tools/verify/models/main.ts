// Runs the small models of TESSERA_SHARED (or `shared` beside the repository) as their authors use them, beside
// onnxruntime-node's CPU provider: a digit, and the voice detector over a stream whose state is carried.
//   npm run verify:models -- [--adapter A] [--json FILE]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { acquireDevice, createSession, type Device, type Tensor } from '@tessera/runtime';
import ort from 'onnxruntime-node';
import { finish, messageOf } from '../support/report.js';
import { sharedFolder } from '../support/shared-data.js';
import { chunkSize, contextSize, sampleRate, speechLike } from './voice.js';

const { values } = parseArgs({ options: { adapter: { type: 'string' }, json: { type: 'string' } } });
const models = join(sharedFolder(), 'models');

/** Largest difference from onnxruntime, relative to the largest answer where that is above 1. */
const tolerance = 1e-3;

interface Row {
  readonly name: string;
  readonly passed: boolean;
  readonly message: string;
}

function worstOf(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  const scale = Math.max(1, ...Array.from(wanted, Math.abs));
  return Math.max(...Array.from(wanted, (value, i) => Math.abs(value - found[i]))) / scale;
}

const float32 = (data: Float32Array, dims: number[]): Tensor => ({ dataType: 'float32', dims, data });

/** The digit of a picture whose strokes are drawn here: white on black, 0 to 255. */
async function digit(device: Device): Promise<Row> {
  const path = join(models, 'mnist.onnx');
  const dims = [1, 1, 28, 28];
  const one = Float32Array.from({ length: 784 }, (_, i) => {
    const [row, column] = [Math.floor(i / 28), i % 28];
    return row >= 5 && row < 23 && column >= 13 && column < 16 ? 255 : 0;
  });
  const session = await createSession(path, { device });
  const peer = await ort.InferenceSession.create(path);
  try {
    const input = session.inputs[0].name;
    const output = session.outputs[0].name;
    const found = (await session.run({ [input]: float32(one, dims) }))[output].data as Float32Array;
    const wanted = (await peer.run({ [input]: new ort.Tensor('float32', one, dims) }))[output].data as Float32Array;
    const worst = worstOf(found, wanted);
    const best = found.indexOf(Math.max(...found));
    const message = `a drawn 1 is read as ${best}; at most ${worst.toExponential(1)} from onnxruntime`;
    return { name: 'mnist', passed: best === 1 && worst <= tolerance, message };
  } finally {
    session.dispose();
    await peer.release();
  }
}

/** The voice detector, chunk by chunk: each with the last samples of the one before in front, and the state it left. */
async function voice(device: Device): Promise<Row> {
  const path = join(models, 'silero-vad-16k.onnx');
  const session = await createSession(path, { device });
  const peer = await ort.InferenceSession.create(path);
  const samples = speechLike(4);
  const rate = BigInt64Array.of(BigInt(sampleRate));
  let state: Tensor = float32(new Float32Array(2 * 128), [2, 1, 128]);
  let peerState: ort.Tensor = new ort.Tensor('float32', new Float32Array(2 * 128), [2, 1, 128]);
  let context: Float32Array = new Float32Array(contextSize);
  let [worst, worstState, loudest] = [0, 0, 0];
  const count = Math.floor(samples.length / chunkSize);
  try {
    for (let i = 0; i < count; i++) {
      const input = new Float32Array(contextSize + chunkSize);
      input.set(context);
      input.set(samples.subarray(i * chunkSize, (i + 1) * chunkSize), contextSize);
      const dims = [1, input.length];
      const found = await session.run({
        input: float32(input, dims),
        state,
        sr: { dataType: 'int64', dims: [], data: rate },
      });
      const wanted = await peer.run({
        input: new ort.Tensor('float32', input, dims),
        state: peerState,
        sr: new ort.Tensor('int64', rate, []),
      });
      worst = Math.max(worst, worstOf(found.output.data as Float32Array, wanted.output.data as Float32Array));
      worstState = Math.max(worstState, worstOf(found.stateN.data as Float32Array, wanted.stateN.data as Float32Array));
      loudest = Math.max(loudest, (wanted.output.data as Float32Array)[0]);
      [state, peerState, context] = [found.stateN, wanted.stateN, input.slice(-contextSize)];
    }
    const onCpu = session.report.placements.filter(({ where }) => where === 'cpu').map(({ name }) => name);
    const passed = worst <= tolerance && worstState <= tolerance;
    const message =
      `${count} chunks of ${chunkSize} samples, voice up to ${loudest.toFixed(2)}: chances at most ${worst.toExponential(1)} ` +
      `and states ${worstState.toExponential(1)} from onnxruntime; ${onCpu.length} nodes on the CPU`;
    return { name: 'silero-vad-16k', passed, message };
  } finally {
    session.dispose();
    await peer.release();
  }
}

const device = await acquireDevice({ adapter: values.adapter }).catch((error: unknown) => {
  console.error(messageOf(error));
  process.exit(1);
});
const rows: Row[] = [];
for (const [name, check] of Object.entries({ mnist: digit, 'silero-vad-16k': voice })) {
  const row = await check(device).catch((error: unknown): Row => ({ name, passed: false, message: messageOf(error) }));
  console.log(`${row.passed ? 'passed' : 'failed'}  ${row.name}  ${row.message}`);
  rows.push(row);
}
finish(rows, values.json);
