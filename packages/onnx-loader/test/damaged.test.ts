import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadOnnx, loadValue, OnnxError, readTensor } from '@tessera/onnx-loader';
import type { Graph, Model, Tensor } from '@tessera/onnx-loader';
import { buildModel } from '../../../tools/testing/index.js';
import type { ModelSpec } from '../../../tools/testing/index.js';
import { branch, expectRefusal, reluModel } from './support.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const lfsPointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n';

describe('files that are not ONNX', () => {
  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /it is empty/],
    ['a git-lfs pointer', bytesOf(lfsPointer), /git-lfs pointer.*git lfs pull/],
    ['a web page', bytesOf('\n<!DOCTYPE html><html><body>404</body></html>'), /it is a web page/],
    ['a text', bytesOf('Not Found\n'), /it is a text file/],
    ['a zip archive', Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0), /it is a zip archive/],
    ['gzip data', Uint8Array.of(0x1f, 0x8b, 8, 0, 0), /compressed by gzip/],
    ['an ORT model', bytesOf('\x20\0\0\0ORTM\0\0'), /ORT format/],
    ['a safetensors file', bytesOf('\x40\0\0\0\0\0\0\0{"w":{}}'), /safetensors/],
    ['other bytes', Uint8Array.of(0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa), /is not an ONNX file, or is damaged/],
    ['zeros', new Uint8Array(1000), /is not an ONNX file/],
    ['a model without graph', Uint8Array.of(0x08, 0x0a), /it holds no graph/],
  ])('says of %s what it is', (_, bytes, message) => {
    expectRefusal(() => loadOnnx(bytes, { name: 'model.onnx' }), message);
    expectRefusal(() => loadOnnx(bytes, { name: 'model.onnx' }), /^model\.onnx is not an ONNX file/);
  });
});

/** Models that between them use every part of the format. */
const models: readonly ModelSpec[] = [
  reluModel({
    initializers: [
      { name: 'w', dataType: 'float32', dims: [3, 5], data: new Float32Array(15) },
      { name: 'i', dataType: 'int64', dims: [4], data: [1, -1, 300, 2n ** 60n], encoding: 'typed' },
      { name: 'h', dataType: 'float16', dims: [3], data: [1, 2, 3], encoding: 'typed' },
      { name: 's', dataType: 'string', dims: [2], data: ['a', 'bc'] },
      { name: 'e', dataType: 'uint8', dims: [9], external: { location: 'e.bin', offset: 3, length: 9 } },
    ],
    sparseInitializers: [
      {
        values: { name: 'z', dataType: 'float32', dims: [2], data: [5, 6] },
        indices: { dataType: 'int64', dims: [2, 2], data: [0, 1, 1, 2] },
        dims: [2, 3],
      },
    ],
    valueInfo: [{ name: 'v', type: { kind: 'sequence', element: { kind: 'tensor', dataType: 'int8', dims: ['K'] } } }],
  }),
  reluModel({
    opsets: { local: 1 },
    metadata: { key: 'value' },
    functions: [
      {
        name: 'F',
        domain: 'local',
        overload: 'o',
        inputs: ['a'],
        outputs: ['b'],
        attributes: ['k'],
        attributeDefaults: { slope: 0.5 },
        nodes: [
          {
            opType: 'LeakyRelu',
            inputs: ['a'],
            outputs: ['b'],
            attributes: { alpha: { type: 'reference', attribute: 'slope' } },
          },
        ],
      },
    ],
    nodes: [
      { opType: 'F', domain: 'local', overload: 'o', inputs: ['m'], outputs: ['y'] },
      {
        opType: 'If',
        inputs: ['x'],
        outputs: ['m'],
        attributes: {
          then_branch: { type: 'graph', value: branch('x') },
          list: [1, 2, 3],
          floats: [0.5, 1.5],
          text: ['a', 'b'],
          tensor: { type: 'tensor', value: { dataType: 'int4', dims: [3], data: [1, 2, 3] } },
        },
      },
    ],
  }),
];

/** A small generator of numbers in [0, limit) that gives the same row for the same seed (mulberry32). */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

function allTensors(graph: Graph): Tensor[] {
  const attributes = graph.nodes.flatMap((node) => [...node.attributes.values()]);
  const inner = attributes.flatMap((attribute) => {
    if (attribute.type === 'tensor') return [attribute.value];
    return attribute.type === 'graph' ? allTensors(attribute.value) : [];
  });
  return [...graph.initializers.values(), ...inner];
}

/** Loads, reads every tensor, and returns the model, or undefined where an OnnxError said no. */
function attempt(bytes: Uint8Array): Model | undefined {
  try {
    const model = loadOnnx(bytes);
    allTensors(model.graph).forEach(readTensor);
    return model;
  } catch (error) {
    if (error instanceof OnnxError) return undefined;
    throw error;
  }
}

describe('damaged files', () => {
  const files = models.map(buildModel);

  it('are refused where they are cut, unless only after the graph and its imports', () => {
    for (const file of files) {
      for (let length = 0; length < file.byteLength; length++) {
        const cut = file.slice(0, length);
        const model = attempt(cut);
        if (model) expect(model.graph.nodes.length).toBeGreaterThan(0);
      }
    }
  });

  it('throw nothing but OnnxError when bytes are changed', () => {
    const random = seeded(1);
    for (const file of files) {
      for (let round = 0; round < 1500; round++) {
        const changed = file.slice();
        for (let count = 1 + random(3); count > 0; count--) {
          const at = random(changed.length);
          changed[at] = random(2) === 0 ? changed[at] ^ (1 << random(8)) : random(256);
        }
        attempt(changed);
      }
    }
  });

  it('throw nothing but OnnxError when pieces are moved, dropped or doubled', () => {
    const random = seeded(2);
    for (const file of files) {
      for (let round = 0; round < 500; round++) {
        const [from, to] = [random(file.length), random(file.length)].sort((a, b) => a - b);
        const middle = file.slice(from, to);
        const pieces = [
          [file.slice(0, from), file.slice(to)],
          [file.slice(0, to), middle, file.slice(to)],
          [middle, file.slice(0, from), file.slice(to)],
        ][random(3)];
        attempt(Uint8Array.from(pieces.flatMap((piece) => [...piece])));
      }
    }
  });

  it('throw nothing but OnnxError for bytes at random', () => {
    const random = seeded(3);
    for (let round = 0; round < 1000; round++) {
      const bytes = Uint8Array.from({ length: 1 + random(200) }, () => random(256));
      if (round % 2 === 0) bytes.set([0x08, 0x0a, 0x3a].slice(0, bytes.length));
      attempt(bytes);
    }
  });

  it.each([
    // ModelProto.graph, then over and over GraphProto.node, NodeProto.attribute, AttributeProto.g.
    ['subgraphs', [0x3a], [0x0a, 0x2a, 0x32]],
    // ModelProto.graph, GraphProto.input, ValueInfoProto.type, then TypeProto.sequence_type, Sequence.elem_type.
    ['types', [0x3a, 0x5a, 0x12], [0x22, 0x0a]],
  ])('are refused where %s nest without end', (_, start, period) => {
    for (const levels of [100, 1_000, 3_000, 30_000]) {
      const tags = [...start, ...Array.from({ length: levels * period.length }, (_, i) => period[i % period.length])];
      expectRefusal(() => loadOnnx(nestMessages(tags)), /no operator type|nests? (too deeply|deeper)/);
    }
  });
});

/** Length-delimited fields with these tags, each inside the one before. */
function nestMessages(tags: readonly number[]): Uint8Array {
  const reversed: number[] = [];
  for (const tag of tags.toReversed()) {
    const length = reversed.length;
    const varint = [];
    for (let rest = length; ; rest = Math.floor(rest / 128)) {
      varint.push(rest >= 128 ? (rest % 128) | 128 : rest);
      if (rest < 128) break;
    }
    reversed.push(...varint.toReversed(), tag);
  }
  return Uint8Array.from([0x08, 0x0a, ...reversed.toReversed()]);
}

describe('lone values', () => {
  const tensor = { kind: 'tensor', dataType: 'float32' } as const;
  // TensorProto: dims [2], data_type FLOAT, raw_data of 8 bytes.
  const one = Uint8Array.of(0x08, 2, 0x10, 1, 0x4a, 8, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40);
  const sequence = Uint8Array.of(0x1a, one.length, ...one, 0x1a, one.length, ...one);

  it('read tensors, sequences and optionals', () => {
    expect(readTensor(loadValue(one, tensor) as Tensor)).toEqual(Float32Array.of(1, 2));
    expect(loadValue(sequence, { kind: 'sequence', element: tensor })).toHaveLength(2);
    expect(loadValue(Uint8Array.of(0x1a, one.length, ...one), { kind: 'optional', element: tensor })).toHaveProperty(
      'dims',
      [2],
    );
    expect(loadValue(new Uint8Array(0), { kind: 'optional', element: tensor })).toBeNull();
  });

  it('are refused where they are damaged', () => {
    expectRefusal(
      () => loadValue(one.slice(0, 9), tensor, { name: 'input_0.pb' }),
      /^input_0\.pb is truncated or damaged/,
    );
    expectRefusal(() => loadValue(one, { kind: 'map', key: 'string', value: tensor }), /kind map are not supported/);
  });
});

describe('the main entry', () => {
  it('imports nothing of Node, so that browsers can bundle it', () => {
    const folder = join(import.meta.dirname, '..', 'src');
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const usingNode = sources.filter((name) => readFileSync(join(folder, name), 'utf8').includes("from 'node:"));
    expect(usingNode.sort()).toEqual([join('file', 'file-source.ts'), join('file', 'load-file.ts')]);
    const usingFiles = sources.filter((name) =>
      /from '\.\/file\/|from '\.\.\/file\//.test(readFileSync(join(folder, name), 'utf8')),
    );
    expect(usingFiles).toEqual(['node.ts']);
  });
});
