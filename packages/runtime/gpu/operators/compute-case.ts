import type { DataType } from '@tessera/onnx-loader';
import { loadOnnx } from '@tessera/onnx-loader';
import { expect } from 'vitest';
import { buildModel, type AttributeSpec } from '../../../../tools/testing/index.js';
import { createSession, type Device, type Precision, type Tensor } from '../../src/index.js';
import { findOperator } from '../../src/operators/index.js';
import { fromNumbers, toNumbers } from '../../src/operators/numbers.js';
import { nodeContext } from '../../src/passes/node-context.js';

export interface InputCase {
  readonly dims: readonly number[];
  readonly dataType?: DataType;
  /** Random in [-1, 1) without it. */
  readonly values?: readonly number[];
  /** In the file, instead of being fed. */
  readonly constant?: boolean;
  /** Reaches the operator as a view with these dimensions innermost first to last: fed permuted, then transposed back. */
  readonly order?: readonly number[];
}

/** A node, and what is fed to it. null: an omitted optional input. */
export interface ComputeCase {
  readonly name: string;
  readonly opType: string;
  readonly domain?: string;
  /** 21 without it. */
  readonly opset?: number;
  readonly attributes?: Readonly<Record<string, AttributeSpec>>;
  readonly inputs: readonly (InputCase | null)[];
  readonly outputs?: number;
  /** Largest difference allowed, relative to the largest magnitude expected; 1e-5 without it. */
  readonly tolerance?: number;
}

/** Channels innermost: how a rank-4 tensor lies between convolutions. */
export const channelsLast = [0, 2, 3, 1] as const;

/** Numbers in [-1, 1) by a linear congruential generator (Numerical Recipes' constants). */
function random(count: number, seed: number): number[] {
  let state = seed >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

function tensorOf(input: InputCase, seed: number): Tensor {
  const count = input.dims.reduce((total, size) => total * size, 1);
  return fromNumbers(input.dataType ?? 'float32', input.dims, input.values ?? random(count, seed));
}

/** A tensor with its dimensions in another order. */
function permuted(tensor: Tensor, order: readonly number[]): Tensor {
  const { dims } = tensor;
  const strides = dims.map((_, axis) => dims.slice(axis + 1).reduce((total, size) => total * size, 1));
  const sizes = order.map((axis) => dims[axis]);
  const values = toNumbers(tensor);
  const count = values.length;
  const result = Array.from({ length: count }, (_, flat) => {
    let [rest, at] = [flat, 0];
    for (let i = order.length - 1; i >= 0; i--) {
      at += (rest % sizes[i]) * strides[order[i]];
      rest = Math.floor(rest / sizes[i]);
    }
    return values[at];
  });
  return fromNumbers(tensor.dataType, sizes, result);
}

function modelOf(test: ComputeCase, tensors: readonly (Tensor | undefined)[]): Uint8Array {
  const names = tensors.map((tensor, i) => (tensor ? `input${i}` : ''));
  const outputs = Array.from({ length: test.outputs ?? 1 }, (_, i) => `output${i}`);
  const views = test.inputs.flatMap((input, i) => (input?.order ? [{ i, order: input.order }] : []));
  const fed = test.inputs.flatMap((input, i) => (input && !input.constant ? [{ input, i }] : []));
  return buildModel({
    opset: test.opset ?? 21,
    opsets: { tessera: 1 },
    inputs: fed.map(({ input, i }) => ({
      name: input.order ? `fed${i}` : names[i],
      dataType: tensors[i]!.dataType,
      dims: input.order ? input.order.map((axis) => input.dims[axis]) : input.dims,
    })),
    outputs: outputs.map((name) => ({ name })),
    initializers: test.inputs.flatMap((input, i) =>
      input?.constant ? [{ name: names[i], ...tensors[i]!, data: tensors[i]!.data as Float32Array }] : [],
    ),
    nodes: [
      ...views.map(({ i, order }) => ({
        opType: 'Transpose',
        inputs: [`fed${i}`],
        outputs: [names[i]],
        attributes: { perm: order.map((_, axis) => order.indexOf(axis)) },
      })),
      {
        opType: test.opType,
        domain: test.domain,
        name: 'node',
        inputs: names,
        outputs,
        attributes: test.attributes,
      },
    ],
  });
}

function evaluate(test: ComputeCase, model: Uint8Array, tensors: readonly (Tensor | undefined)[]): readonly Tensor[] {
  const opset = test.domain === 'tessera' ? 1 : (test.opset ?? 21);
  const node = loadOnnx(model).graph.nodes.at(-1)!;
  const operator = findOperator(test.domain ?? '', test.opType, opset)!;
  return operator.evaluate!({
    ...nodeContext({ ...node, opset, origins: [] }),
    input: (index) => tensors[index]!,
    optional: (index) => tensors[index],
  });
}

function expectClose(actual: Tensor, expected: Tensor, tolerance: number): void {
  expect(actual.dims).toEqual(expected.dims);
  expect(actual.dataType).toBe(expected.dataType);
  const [a, b] = [toNumbers(actual), toNumbers(expected)];
  const scale = b.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1e-6);
  let worst = { error: 0, at: 0 };
  for (let i = 0; i < b.length; i++) {
    const error = a[i] === b[i] ? 0 : Math.abs(a[i] - b[i]) / scale;
    if (!(error <= worst.error)) worst = { error, at: i };
  }
  const { error, at } = worst;
  expect(error, `element ${at} of [${expected.dims.join(', ')}] is ${a[at]}, expected ${b[at]}`).toBeLessThanOrEqual(
    tolerance,
  );
}

/** Runs the node on the device and compares every output with the host evaluation. */
export async function checkCase(device: Device, test: ComputeCase, precision: Precision = 'fp32'): Promise<void> {
  const tensors = test.inputs.map((input, i) => (input ? tensorOf(input, i + 1) : undefined));
  const model = modelOf(test, tensors);
  const expected = evaluate(test, model, tensors).slice(0, test.outputs ?? 1);
  const session = await createSession(model, { device, precision });
  try {
    const feeds: Record<string, Tensor> = {};
    test.inputs.forEach((input, i) => {
      if (!input || input.constant) return;
      if (input.order) feeds[`fed${i}`] = permuted(tensors[i]!, input.order);
      else feeds[`input${i}`] = tensors[i]!;
    });
    const results = await session.run(feeds);
    expected.forEach((tensor, i) => expectClose(results[`output${i}`], tensor, test.tolerance ?? 1e-5));
  } finally {
    session.dispose();
  }
}
