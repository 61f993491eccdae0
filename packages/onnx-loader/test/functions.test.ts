import { describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import type { FunctionSpec, ModelSpec, NodeSpec } from '../../../tools/testing/index.js';
import { expectRefusal, load, reluModel } from './support.js';

const call = (name: string, input: string, output: string, overload?: string): NodeSpec => ({
  opType: name,
  domain: 'local',
  overload,
  inputs: [input],
  outputs: [output],
});

/** A function of one input and output that runs its nodes, 'a' to 'b'. */
const define = (name: string, nodes: readonly NodeSpec[], more: Partial<FunctionSpec> = {}): FunctionSpec => ({
  name,
  domain: 'local',
  inputs: ['a'],
  outputs: ['b'],
  nodes,
  ...more,
});

const leaf: NodeSpec = { opType: 'Relu', inputs: ['a'], outputs: ['b'] };

function withFunctions(functions: readonly FunctionSpec[], node = call('F', 'x', 'y')): ModelSpec {
  return reluModel({ functions, nodes: [node], opsets: { local: 1 } });
}

describe('model-local functions', () => {
  it('keep signature, attributes, defaults and operator sets', () => {
    const nodes: NodeSpec[] = [
      {
        opType: 'LeakyRelu',
        inputs: ['a'],
        outputs: ['b'],
        attributes: { alpha: { type: 'reference', attribute: 'slope' } },
      },
    ];
    const attributes = { attributes: ['axis'], attributeDefaults: { slope: 0.25 } };
    const model = load(withFunctions([define('F', nodes, { ...attributes, opsets: { '': 18 } })]));
    expect(model.functions).toHaveLength(1);
    expect(model.functions[0]).toMatchObject({
      name: 'F',
      domain: 'local',
      overload: '',
      inputs: ['a'],
      outputs: ['b'],
    });
    expect(model.functions[0].attributeNames).toEqual(['axis', 'slope']);
    expect(model.functions[0].attributeDefaults).toEqual(new Map([['slope', { type: 'float', value: 0.25 }]]));
    expect(model.functions[0].opsetImports.get('')).toBe(18);
    expect(model.functions[0].nodes[0].attributes.get('alpha')).toEqual({ type: 'reference', attribute: 'slope' });
  });

  it('are told apart by overload', () => {
    const functions = [define('F', [leaf]), define('F', [leaf], { overload: 'fast' })];
    const model = load(withFunctions(functions, call('F', 'x', 'y', 'fast')));
    expect(model.functions.map(({ overload }) => overload)).toEqual(['', 'fast']);
    expect(model.graph.nodes[0].overload).toBe('fast');
  });

  it('are written with the field numbers of ONNX, which the builder and the loader share', () => {
    const file = Buffer.from(
      buildModel(withFunctions([define('F', [leaf], { overload: 'fast', attributeDefaults: { slope: 0.25 } })])),
    );
    const withCall = Buffer.from(buildModel(withFunctions([], call('F', 'x', 'y', 'fast'))));
    const fast = Buffer.from('\x04fast');
    // FunctionProto.overload is field 13, FunctionProto.attribute_proto 11, NodeProto.overload 8; all length-delimited.
    expect(file.includes(Buffer.concat([Buffer.of((13 << 3) | 2), fast]))).toBe(true);
    expect(file.includes(Buffer.concat([Buffer.of((11 << 3) | 2, 15, 0x0a, 5), Buffer.from('slope')]))).toBe(true);
    expect(withCall.includes(Buffer.concat([Buffer.of((8 << 3) | 2), fast]))).toBe(true);
  });

  it('import the operator sets of the model where they import none', () => {
    expect(load(withFunctions([define('F', [leaf], { opsets: {} })])).functions[0].opsetImports.get('')).toBe(21);
  });

  it('have their nodes sorted', () => {
    const nodes = [
      { ...leaf, inputs: ['m'], name: 'second' },
      { ...leaf, outputs: ['m'], name: 'first' },
    ];
    const [definition] = load(withFunctions([define('F', nodes)])).functions;
    expect(definition.nodes.map(({ name }) => name)).toEqual(['first', 'second']);
  });

  const refused: readonly (readonly [string, readonly FunctionSpec[], RegExp])[] = [
    ['a value from outside', [define('F', [{ ...leaf, inputs: ['x'] }])], /of function 'F' uses the value 'x'/],
    ['an output nobody makes', [define('F', [])], /function 'F' has the output 'b'/],
    ['a definition twice', [define('F', [leaf]), define('F', [leaf])], /function 'F' is defined twice/],
    ['a call of itself', [define('F', [call('F', 'a', 'b')])], /function 'F' calls itself/],
    [
      'a call of itself through another',
      [define('F', [call('G', 'a', 'b')]), define('G', [call('F', 'a', 'b')])],
      /function 'F' calls itself/,
    ],
  ];
  it.each(refused)('refuse %s', (_, functions, message) => {
    expectRefusal(() => load(withFunctions(functions)), message);
  });

  it('are refused where they multiply without measure or nest without end', () => {
    const doubling = Array.from({ length: 40 }, (_, i) =>
      define(i === 0 ? 'F' : `F${i}`, i === 39 ? [leaf] : [call(`F${i + 1}`, 'a', 'm'), call(`F${i + 1}`, 'm', 'b')]),
    );
    expectRefusal(() => load(withFunctions(doubling)), /would expand to more than 1000000 nodes/);
    const chain = Array.from({ length: 20_000 }, (_, i) =>
      define(i === 0 ? 'F' : `F${i}`, i === 19_999 ? [leaf] : [call(`F${i + 1}`, 'a', 'b')]),
    );
    expectRefusal(() => load(withFunctions(chain)), /call each other deeper than 128 levels/);
  });
});
