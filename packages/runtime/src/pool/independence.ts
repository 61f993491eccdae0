import type { Session, ValueMetadata } from '../api.js';
import { elementCount } from '../passes/constants.js';
import { toFloat32 } from '../program/storage.js';
import { arrayTypeOf, type Tensor } from '../tensor.js';
import { joinFeeds, sliceRows, type Tensors } from './batch.js';

/** Of the largest value of an output: rounding that another choice of kernels for the batch may cause, and no more. */
const tolerances = { fp32: 1e-3, strict: 1e-3, fp16: 3e-2 } as const;

/**
 * Whether the rows of a batch do not influence each other, found by running two random rows alone and together. `like`
 * gives the sizes of the inputs but for the first.
 * @throws TesseraError where the model cannot be run on random values of these sizes.
 */
export async function rowsAreIndependent(session: Session, like: Tensors): Promise<boolean> {
  const rows = [1, 2].map((seed) => randomFeeds(session.inputs, like, seed));
  const alone = [await session.run(rows[0]), await session.run(rows[1])];
  const together = await session.run(joinFeeds(rows, rows.length));
  const tolerance = tolerances[session.report.precision];
  return alone.every((results, i) => isClose(results, sliceRows(together, i, 1), tolerance));
}

function randomFeeds(inputs: readonly ValueMetadata[], like: Tensors, seed: number): Tensors {
  return Object.fromEntries(
    inputs.map(({ name, dataType }, i) => [
      name,
      randomTensor(dataType, [1, ...like[name].dims.slice(1)], seed * 64 + i),
    ]),
  );
}

/** Floats from -1 to 1, whole numbers from 0 to 9, texts of one digit. */
function randomTensor(dataType: Tensor['dataType'], dims: readonly number[], seed: number): Tensor {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 0;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
  const type = arrayTypeOf(dataType);
  const count = elementCount(dims);
  if (!type) return { dataType, dims, data: Array.from({ length: count }, () => String(Math.floor(next() * 10))) };
  const data = new type(count);
  for (let i = 0; i < count; i++) data[i] = randomElement(dataType, next());
  return { dataType, dims, data };
}

function randomElement(dataType: Tensor['dataType'], uniform: number): never {
  const digit = Math.floor(uniform * 10);
  const values: Partial<Record<Tensor['dataType'], number | bigint>> = {
    float32: uniform * 2 - 1,
    float64: uniform * 2 - 1,
    // Halves and bfloat16s from 0.5 to 1 by their bits.
    float16: 0x3800 + Math.floor(uniform * 0x400),
    bfloat16: 0x3f00 + Math.floor(uniform * 0x80),
    int64: BigInt(digit),
    uint64: BigInt(digit),
    bool: uniform < 0.5 ? 0 : 1,
  };
  return (values[dataType] ?? digit) as never;
}

function isClose(results: Tensors, others: Tensors, tolerance: number): boolean {
  return Object.entries(results).every(([name, { dataType, data }]) => {
    const other = others[name].data;
    if (Array.isArray(data)) return data.every((text, i) => text === other[i]);
    const [a, b] = [toFloat32(dataType, data), toFloat32(dataType, other)];
    const largest = a.reduce((max, value) => Math.max(max, Number.isFinite(value) ? Math.abs(value) : 0), 0);
    return a.every((value, i) => Object.is(value, b[i]) || Math.abs(value - b[i]) <= tolerance * largest);
  });
}
