import {
  acquireDevice,
  createSession,
  type DataType,
  type Device,
  type Tensor,
  type TensorArray,
} from '@tessera/runtime';
import ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, type AttributeSpec } from '../../testing/index.js';

export interface PeerInput {
  readonly dims: readonly number[];
  /** float32 without it. */
  readonly dataType?: DataType;
  /** Random without them: floats in [-1, 1), integers over `range`. */
  readonly values?: readonly number[];
  readonly range?: readonly [number, number];
  /** In the file, instead of being fed. */
  readonly constant?: boolean;
}

/** A node, and what both runtimes are fed. null: an omitted optional input. */
export interface PeerCase {
  readonly name: string;
  readonly opType: string;
  readonly domain?: string;
  /** 17 without it. */
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly inputs: readonly (PeerInput | null)[];
  /** Names of the outputs to compare; '' for one that is left out. */
  readonly outputs?: readonly string[];
  /** Largest difference allowed, relative to the largest magnitude; 1e-5 without it. Integers may differ by `steps`. */
  readonly tolerance?: number;
  readonly steps?: number;
}

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array | Int8Array | BigInt64Array;

const arrays: Partial<Record<DataType, (values: readonly number[]) => Numbers>> = {
  float32: (values) => Float32Array.from(values),
  float64: (values) => Float64Array.from(values),
  int32: (values) => Int32Array.from(values),
  int8: (values) => Int8Array.from(values),
  uint8: (values) => Uint8Array.from(values),
  bool: (values) => Uint8Array.from(values),
  int64: (values) => BigInt64Array.from(values, BigInt),
};

/** Numbers in [0, 1) by a linear congruential generator (Numerical Recipes' constants). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function tensorOf(input: PeerInput, seed: number): Tensor & { readonly data: Numbers } {
  const { dims, dataType = 'float32' } = input;
  const count = dims.reduce((total, size) => total * size, 1);
  const next = generator(seed);
  const isFloat = dataType.startsWith('float');
  const [low, high] = input.range ?? (isFloat ? [-1, 1] : [0, 255]);
  const draw = () => (isFloat ? low + (high - low) * next() : Math.floor(low + (high - low + 1) * next()));
  const make = arrays[dataType];
  if (!make) throw new Error(`the test has no array for ${dataType}`);
  return { dataType, dims, data: make(input.values ?? Array.from({ length: count }, draw)) };
}

function largest(data: TensorArray): number {
  return Array.from(data as ArrayLike<number>, Number).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
}

function compare(test: PeerCase, name: string, ours: Tensor, peer: ort.Tensor): void {
  expect(ours.dims, `shape of ${name}`).toEqual(peer.dims);
  expect(ours.dataType, `type of ${name}`).toBe(peer.type);
  const isFloat = peer.type.startsWith('float');
  const allowed = isFloat ? (test.tolerance ?? 1e-5) * largest(peer.data as TensorArray) : (test.steps ?? 0);
  const [a, b] = [ours.data, peer.data].map((data) => Array.from(data as ArrayLike<number>, Number));
  b.forEach((wanted, i) => {
    const isClose = Object.is(a[i], wanted) || Math.abs(a[i] - wanted) <= allowed;
    expect(isClose, `element ${i} of ${name} is ${a[i]}, and ${wanted} is right within ${allowed}`).toBe(true);
  });
}

async function check(device: Device, test: PeerCase): Promise<void> {
  const tensors = test.inputs.map((input, i) => input && tensorOf(input, i + 1));
  const named = tensors.flatMap((tensor, i) =>
    tensor ? [{ tensor, name: `input${i}`, constant: test.inputs[i]!.constant }] : [],
  );
  const outputs = test.outputs ?? ['output'];
  const model = buildModel({
    opset: test.opset ?? 17,
    opsets: { 'com.microsoft': 1 },
    irVersion: 8,
    inputs: named
      .filter(({ constant }) => !constant)
      .map(({ name, tensor }) => ({ name, dataType: tensor.dataType, dims: tensor.dims })),
    initializers: named.flatMap(({ name, tensor, constant }) => (constant ? [{ name, ...tensor }] : [])),
    outputs: outputs.filter((name) => name !== '').map((name) => ({ name })),
    nodes: [
      {
        name: 'node',
        opType: test.opType,
        domain: test.domain,
        inputs: tensors.map((tensor, i) => (tensor ? `input${i}` : '')),
        outputs,
        attributes: test.attributes,
      },
    ],
  });
  const fed = named.filter(({ constant }) => !constant);
  const peer = await ort.InferenceSession.create(model, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  const wanted = await peer.run(
    Object.fromEntries(
      fed.map(({ name, tensor: { dataType, dims, data } }) => [
        name,
        new ort.Tensor(dataType as 'float32', data as Float32Array, dims),
      ]),
    ),
  );
  await peer.release();
  const session = await createSession(model, { device });
  try {
    const results = await session.run(Object.fromEntries(fed.map(({ name, tensor }) => [name, tensor])));
    for (const [name, tensor] of Object.entries(wanted)) compare(test, name, results[name], tensor as ort.Tensor);
  } finally {
    session.dispose();
  }
}

/** Runs every case on the device and in onnxruntime's CPU provider, and compares all outputs. */
export function describePeerCases(title: string, cases: readonly PeerCase[]): void {
  describe(title, () => {
    let device: Device;
    beforeAll(async () => {
      device = await acquireDevice();
    });
    afterAll(() => device.dispose());
    it.each(cases)('$name', (test) => check(device, test));
  });
}
