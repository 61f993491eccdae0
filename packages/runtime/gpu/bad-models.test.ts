import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildModel, type ModelSpec, type NodeSpec, type TensorSpec } from '../../../tools/testing/index.js';
import { acquireDevice, createSession, type Device, type Tensor } from '../src/index.js';

let device: Device;
beforeAll(async () => {
  device = await acquireDevice();
});
afterAll(() => device.dispose());

const float = (name: string, dims?: (number | string)[]) => ({ name, dataType: 'float32' as const, dims });
const ints = (name: string, values: number[]): TensorSpec => ({
  name,
  dataType: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

const spec = (node: NodeSpec, more: Partial<ModelSpec> = {}): ModelSpec => ({
  inputs: [float('x', [2, 3, 5])],
  outputs: [float('y')],
  nodes: [{ name: 'bad', ...node }],
  ...more,
});

const x: Tensor = { dataType: 'float32', dims: [2, 3, 5], data: Float32Array.from({ length: 30 }, (_, i) => i) };

/** The one error of opening and running a model. */
async function errorOf(model: ModelSpec, feeds: Record<string, Tensor> = { x }): Promise<unknown> {
  try {
    const session = await createSession(buildModel(model), { device });
    await session.run(feeds).finally(() => session.dispose());
    return undefined;
  } catch (error) {
    return error;
  }
}

const node = (opType: string, inputs: string[], attributes: NodeSpec['attributes'] = {}): NodeSpec => ({
  opType,
  inputs,
  outputs: ['y'],
  attributes,
});

describe('a bad model is refused by one error that names node and operator', () => {
  it.each<[string, ModelSpec, string]>([
    [
      'an attribute of the wrong type',
      spec(node('Concat', ['x', 'x'], { axis: 'one' })),
      'node "bad" (Concat): attribute axis is of type string; it must be int',
    ],
    ['a missing attribute', spec(node('Concat', ['x', 'x'])), 'node "bad" (Concat): attribute axis is missing'],
    ['a missing input', spec(node('MatMul', ['x'])), 'node "bad" (MatMul): input 1 is missing'],
    ['an omitted input', spec(node('Where', ['', 'x', 'x'])), 'node "bad" (Where): input 0 is missing'],
    [
      'shapes that do not broadcast',
      spec(node('Add', ['x', 'w']), {
        initializers: [{ ...ints('w', [1, 2, 3, 4]), dataType: 'float32', data: new Float32Array(4) }],
      }),
      'node "bad" (Add): the input shapes [2, 3, 5] and [4] do not broadcast to one shape',
    ],
    [
      'an axis out of range',
      spec(node('Softmax', ['x'], { axis: 3 }), { opset: 13 }),
      'node "bad" (Softmax): axis 3 is outside [-3, 3) of a tensor of rank 3',
    ],
    [
      'a size that does not fit',
      spec(node('Reshape', ['x', 'shape']), { initializers: [ints('shape', [7, 4])] }),
      'node "bad" (Reshape): the input [2, 3, 5] cannot be reshaped to [7, 4]',
    ],
    [
      'an If without a branch',
      spec(
        { ...node('If', ['c']), attributes: {} },
        {
          initializers: [{ name: 'c', dataType: 'bool', dims: [], data: Uint8Array.of(1) }],
        },
      ),
      'node "bad" (If): attribute then_branch is missing',
    ],
    [
      'a body that is no graph',
      spec(node('Loop', ['', ''], { body: 3 })),
      'node "bad" (Loop): attribute body is of type int; it must be graph',
    ],
  ])('%s', async (_, model, message) => {
    const error = await errorOf(model);
    expect(error).toMatchObject({ code: 'INVALID_MODEL', node: 'bad' });
    expect((error as Error).message).toContain(message);
  });
});

describe('an axis outside the rank is refused', () => {
  const scalar = (name: string, value: number): TensorSpec => ({ ...ints(name, [value]), dims: [] });
  const initializers: readonly TensorSpec[] = [
    ints('zero', [0]),
    ints('one', [1]),
    ints('axes', [4]),
    scalar('axis', 4),
    scalar('depth', 4),
    { ...ints('corner', [0]), dims: [1, 1, 1] },
    { name: 'pair', dataType: 'float32', dims: [2], data: Float32Array.of(0, 1) },
    { name: 'weights', dataType: 'float32', dims: [5], data: new Float32Array(5) },
  ];
  const axis = { axis: 4 };
  it.each<[string, string[], NodeSpec['attributes']]>([
    ['ArgMax', ['x'], axis],
    ['Concat', ['x', 'x'], { axis: -4 }],
    ['CumSum', ['x', 'axis'], {}],
    ['Flatten', ['x'], axis],
    ['Gather', ['x', 'zero'], axis],
    ['GatherElements', ['x', 'corner'], axis],
    ['LayerNormalization', ['x', 'weights'], axis],
    ['OneHot', ['x', 'depth', 'pair'], { axis: 5 }],
    ['ReduceMax', ['x', 'axes'], {}],
    ['ReduceSum', ['x', 'axes'], {}],
    ['Slice', ['x', 'zero', 'one', 'axes'], {}],
    ['Split', ['x'], { axis: 4, num_outputs: 1 }],
    ['Squeeze', ['x', 'axes'], {}],
    ['TopK', ['x', 'one'], axis],
    ['Transpose', ['x'], { perm: [0, 1, 3] }],
    ['Unsqueeze', ['x', 'axes'], {}],
  ])('by %s', async (type, inputs, attributes) => {
    const error = await errorOf(spec(node(type, inputs, attributes), { opset: 18, initializers }));
    expect(error).toMatchObject({ code: 'INVALID_MODEL', node: 'bad' });
    expect((error as Error).message).toMatch(new RegExp(`node "bad" \\(${type}\\): .*(axis|axes|perm)`));
  });
});

describe('a size that no machine holds is refused by one error with the node', () => {
  const scalar = (name: string, value: number): TensorSpec => ({ ...ints(name, [value]), dims: [] });
  const initializers: readonly TensorSpec[] = [
    scalar('zero', 0),
    scalar('one', 1),
    scalar('huge', 1e12),
    ints('depth', [2e9]),
    { name: 'pair', dataType: 'float32', dims: [2], data: Float32Array.of(0, 1) },
    ints('repeats', [1e9, 1, 1]),
    ints('sizes', [2, 3, 1.2e9]),
    ints('size', [1, 1, 30_000, 30_000]),
    { name: 'theta', dataType: 'float32', dims: [1, 2, 3], data: new Float32Array(6) },
  ];
  it.each<[string, string[], string, NodeSpec['attributes']]>([
    ['Range', ['zero', 'huge', 'one'], 'INVALID_MODEL', {}],
    ['HannWindow', ['huge'], 'INVALID_MODEL', {}],
    ['RandomNormal', [], 'INVALID_MODEL', { shape: [1e6, 1e6] }],
    ['OneHot', ['i', 'depth', 'pair'], 'UNSUPPORTED_DEVICE', {}],
    ['Tile', ['x', 'repeats'], 'UNSUPPORTED_DEVICE', {}],
    ['Resize', ['x', '', '', 'sizes'], 'UNSUPPORTED_DEVICE', {}],
    ['AffineGrid', ['theta', 'size'], 'UNSUPPORTED_DEVICE', {}],
    ['Split', ['x'], 'INVALID_MODEL', { num_outputs: 2e9 }],
  ])('by %s', async (type, inputs, code, attributes) => {
    const model = spec(node(type, inputs, attributes), {
      inputs: [float('x', [2, 3, 5]), { name: 'i', dataType: 'int64', dims: [3] }],
      initializers,
    });
    const error = await errorOf(model, { x, i: ints('i', [0, 1, 2]) as Tensor });
    expect(error).toMatchObject({ code, node: 'bad' });
    expect((error as Error).message).toContain(`node "bad" (${type})`);
  });
});

it.each<[string, string[], NodeSpec['attributes']]>([
  ['Tile', ['x', 'less'], {}],
  ['RandomNormal', [], { shape: [-1, 5] }],
])('a size below 0 is refused by %s', async (type, inputs, attributes) => {
  const error = await errorOf(spec(node(type, inputs, attributes), { initializers: [ints('less', [-3, 1, 1])] }));
  expect(error).toMatchObject({ code: 'INVALID_MODEL', node: 'bad' });
  expect((error as Error).message).toContain('sizes are whole numbers from 0');
});

describe('an index outside the data', () => {
  const indices = { name: 'i', dataType: 'int64' as const, dims: [3] };
  const feeds = (...values: number[]) => ({ x, i: { ...ints('i', values) } as Tensor });

  it('of a constant is refused before the run', async () => {
    const model = spec(node('Gather', ['x', 'i'], { axis: 1 }), { initializers: [ints('i', [0, 3])] });
    const error = await errorOf(model);
    expect(error).toMatchObject({ code: 'INVALID_MODEL', node: 'bad' });
    expect((error as Error).message).toContain('node "bad" (Gather): index 3 is outside');
  });

  it.each([
    ['GatherElements', ['x', 'j'], [2, 3, 5]],
    ['GatherND', ['x', 'i'], [2, 3, 5]],
    ['ScatterElements', ['x', 'j', 'u'], [2, 3, 5]],
    ['ScatterND', ['x', 'i', 'w'], [5, 5]],
  ])('of a constant is refused by %s too', async (type, inputs, dims) => {
    const outside = [7];
    const model = spec(node(type, inputs), {
      inputs: [float('x', dims)],
      initializers: [
        { ...ints('i', outside), dims: type === 'ScatterND' ? [1, 1] : [1] },
        { ...ints('j', outside), dims: [1, 1, 1] },
        { name: 'u', dataType: 'float32', dims: [1, 1, 1], data: Float32Array.of(9) },
        { name: 'w', dataType: 'float32', dims: [1, 5], data: new Float32Array(5) },
      ],
    });
    const data = new Float32Array(dims.reduce((a, b) => a * b));
    const error = await errorOf(model, { x: { dataType: 'float32', dims, data } });
    expect(error).toMatchObject({ code: 'INVALID_MODEL', node: 'bad' });
    expect((error as Error).message).toContain(`node "bad" (${type}): index 7 is outside`);
  });

  it.each(['GatherElements', 'GatherND'])('that comes with the run is clamped by %s', async (type) => {
    const rows = type === 'GatherND' ? [3, 1] : [3];
    const model = spec(node(type, ['x', 'i']), { inputs: [float('x', [4]), { ...indices, dims: rows }] });
    const session = await createSession(buildModel(model), { device });
    const four: Tensor = { dataType: 'float32', dims: [4], data: Float32Array.of(1, 2, 3, 4) };
    const { y } = await session.run({ x: four, i: { ...feeds(100, -100, 1).i, dims: rows } });
    expect(Array.from(y.data as Float32Array)).toEqual([4, 1, 2]);
    session.dispose();
  });

  it('that comes with the run never strays in ScatterND', async () => {
    const model = spec(node('ScatterND', ['x', 'i', 'u']), {
      inputs: [float('x', [4]), { ...indices, dims: [3, 1] }, float('u', [3])],
    });
    const session = await createSession(buildModel(model), { device });
    const four: Tensor = { dataType: 'float32', dims: [4], data: Float32Array.of(1, 2, 3, 4) };
    const u: Tensor = { dataType: 'float32', dims: [3], data: Float32Array.of(7, 8, 9) };
    const { y } = await session.run({ x: four, i: { ...feeds(1, 50, -50).i, dims: [3, 1] }, u });
    const found = Array.from(y.data as Float32Array);
    expect(found[1]).toBe(7);
    expect(found.every((value) => [1, 3, 4, 7, 8, 9].includes(value))).toBe(true);
    session.dispose();
  });

  it('that comes with the run is clamped by Gather', async () => {
    const model = spec(node('Gather', ['x', 'i'], { axis: 1 }), { inputs: [float('x', [2, 3, 5]), indices] });
    const session = await createSession(buildModel(model), { device });
    const { y } = await session.run(feeds(100, -100, 1));
    expect(Array.from((y.data as Float32Array).filter((_, i) => i % 5 === 0))).toEqual([10, 0, 5, 25, 15, 20]);
    session.dispose();
  });

  it('that comes with the run never strays in ScatterElements', async () => {
    const model = spec(node('ScatterElements', ['x', 'i', 'u'], { axis: 0 }), {
      inputs: [float('x', [4]), indices, float('u', [3])],
    });
    const session = await createSession(buildModel(model), { device });
    const four: Tensor = { dataType: 'float32', dims: [4], data: Float32Array.of(1, 2, 3, 4) };
    const u: Tensor = { dataType: 'float32', dims: [3], data: Float32Array.of(7, 8, 9) };
    const { y } = await session.run({ x: four, i: feeds(1, 50, -50).i, u });
    const found = Array.from(y.data as Float32Array);
    expect(found[1]).toBe(7);
    expect(found.every((value) => [1, 3, 4, 7, 8, 9].includes(value))).toBe(true);
    session.dispose();
  });
});
