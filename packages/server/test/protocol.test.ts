import { describe, expect, it } from 'vitest';
import { withoutPaths } from '../src/errors.js';
import { decodeBinary, encodeBinary } from '../src/protocol/binary.js';
import { fromElements, toElements } from '../src/protocol/elements.js';
import { readRequest, writeResponse } from '../src/protocol/json.js';
import { tokenCheck } from '../src/token.js';
import { binaryRequest } from '../../../tools/testing/inference.js';

const limits = { tensors: 4, elements: 1000 };
const read = (json: unknown) => readRequest(Buffer.from(JSON.stringify(json)), undefined, limits);
const input = (fields: object) => ({ name: 'x', shape: [2], datatype: 'FP32', data: [1, 2], ...fields });

describe('a JSON request', () => {
  it('gives tensors of every type, nested or flat', () => {
    const inputs = [
      {
        name: 'a',
        shape: [2, 2],
        datatype: 'FP32',
        data: [
          [1, 2],
          [3, 4.5],
        ],
      },
      { name: 'b', shape: [2], datatype: 'INT64', data: [-1, 9007199254740991] },
      { name: 'c', shape: [2], datatype: 'BOOL', data: [true, false] },
      { name: 'd', shape: [1], datatype: 'BYTES', data: ['grün'] },
    ];
    const { inputs: tensors, outputs, id } = read({ id: 'q', inputs, outputs: [{ name: 'y' }] });
    expect(id).toBe('q');
    expect(outputs).toEqual(['y']);
    expect(tensors).toEqual({
      a: { dataType: 'float32', dims: [2, 2], data: Float32Array.of(1, 2, 3, 4.5) },
      b: { dataType: 'int64', dims: [2], data: BigInt64Array.of(-1n, 9007199254740991n) },
      c: { dataType: 'bool', dims: [2], data: Uint8Array.of(1, 0) },
      d: { dataType: 'string', dims: [1], data: ['grün'] },
    });
    expect(read({ inputs: [input({ datatype: 'FP16', data: [1, -2] })] }).inputs.x.data).toEqual(
      Uint16Array.of(0x3c00, 0xc000),
    );
    expect(read({ inputs: [input({ datatype: 'BF16', data: [1, -2] })] }).inputs.x.data).toEqual(
      Uint16Array.of(0x3f80, 0xc000),
    );
  });

  it.each([
    ['no object', [], 'the body must be a JSON object with "inputs"'],
    ['no inputs', {}, '"inputs" must be a list of objects'],
    ['an id that is no text', { id: 7, inputs: [] }, 'id must be a text'],
    ['no name', { inputs: [input({ name: '' })] }, 'the name of an input must be a text that is not empty'],
    ['an unknown datatype', { inputs: [input({ datatype: 'FP8' })] }, 'the datatype of input "x" must be one of BOOL'],
    ['a negative size', { inputs: [input({ shape: [-1] })] }, 'the shape of input "x" must be a list of whole numbers'],
    ['a size that is no number', { inputs: [input({ shape: ['2'] })] }, 'the shape of input "x"'],
    ['too few elements', { inputs: [input({ data: [1] })] }, 'input "x" has 1 elements; its shape needs 2'],
    ['too many elements, nested', { inputs: [input({ data: [[1, 2], [3]] })] }, 'has 3 elements; its shape needs 2'],
    [
      'a text for a number',
      { inputs: [input({ data: [1, 'a'] })] },
      'element 1 of input "x" is "a"; it must be a number',
    ],
    [
      'null for a number',
      { inputs: [input({ data: [null, 1] })] },
      'element 0 of input "x" is null; it must be a number',
    ],
    ['a fraction', { inputs: [input({ datatype: 'INT8', data: [1, 0.5] })] }, 'a whole number from -128 to 127'],
    ['an overflow', { inputs: [input({ datatype: 'UINT8', data: [1, 256] })] }, 'a whole number from 0 to 255'],
    ['no data', { inputs: [input({ data: undefined })] }, 'input "x" has no "data", which must be a list'],
    ['more elements than allowed', { inputs: [input({ shape: [1001] })] }, 'has 1001 elements; at most 1000 are taken'],
    ['an overflowing shape', { inputs: [input({ shape: [2 ** 40, 2 ** 40] })] }, 'at most 1000 are taken'],
    ['the same name twice', { inputs: [input({}), input({})] }, 'the request names "x" twice among its inputs'],
    [
      'too many inputs',
      { inputs: Array.from({ length: 5 }, (_, i) => input({ name: `x${i}` })) },
      'at most 4 are taken',
    ],
    ['outputs that are none', { inputs: [], outputs: [{}] }, 'the name of an output must be a text'],
  ])('is refused for %s', (_, json, message) => {
    expect(() => read(json)).toThrow(message as string);
  });

  it('is refused where it is no JSON, or its parts do not add up', () => {
    expect(() => readRequest(Buffer.from('{'), undefined, limits)).toThrow('the body is not JSON');
    expect(() => readRequest(Buffer.from([0xff, 0xfe]), undefined, limits)).toThrow('the body is not JSON');
    for (const header of ['-1', '3', 'x', '1e3'])
      expect(() => readRequest(Buffer.from('{}'), header, limits)).toThrow('Inference-Header-Content-Length must be');
    const { body } = binaryRequest({ inputs: [] }, Buffer.alloc(3));
    expect(() => readRequest(body as Uint8Array, '13', limits)).toThrow('3 bytes of binary data belong to no input');
    const sized = (size: unknown) =>
      read({ inputs: [{ name: 'x', shape: [2], datatype: 'FP32', parameters: { binary_data_size: size } }] });
    for (const size of [8, -1, 'a', null]) expect(() => sized(size)).toThrow('binary_data_size of input "x" must be');
  });
});

describe('binary tensors', () => {
  const types = ['bool', 'uint8', 'int16', 'uint32', 'int64', 'float16', 'bfloat16', 'float32', 'float64'] as const;

  it.each(types)('keep %s byte for byte, at any offset', (dataType) => {
    const width = { bool: 1, uint8: 1, int16: 2, uint32: 4, int64: 8, float16: 2, bfloat16: 2, float32: 4, float64: 8 }[
      dataType
    ];
    const bytes = Uint8Array.from({ length: 3 * width }, (_, i) => (dataType === 'bool' ? i % 2 : (i * 37 + 11) % 256));
    const shifted = Buffer.concat([Buffer.alloc(1), bytes]).subarray(1);
    const data = decodeBinary(dataType, shifted, 3, 'x');
    expect(data.length).toBe(3);
    expect(Buffer.from(encodeBinary({ dataType, dims: [3], data }))).toEqual(Buffer.from(bytes));
  });

  it('keep texts behind their lengths', () => {
    const bytes = Buffer.from([2, 0, 0, 0, 0xc3, 0xbc, 0, 0, 0, 0]);
    expect(decodeBinary('string', bytes, 2, 'x')).toEqual(['ü', '']);
    expect(Buffer.from(encodeBinary({ dataType: 'string', dims: [2], data: ['ü', ''] }))).toEqual(bytes);
    for (const [wrong, count] of [
      [bytes, 1],
      [bytes, 3],
      [bytes.subarray(0, 5), 2],
      [Buffer.from([255, 255, 255, 255]), 1],
    ] as const)
      expect(() => decodeBinary('string', wrong, count, 'x')).toThrow('each behind its length');
    expect(() => decodeBinary('string', Buffer.from([1, 0, 0, 0, 0xff]), 1, 'x')).toThrow('not UTF-8');
  });

  it('are refused where their length is wrong, or a bool is neither', () => {
    expect(() => decodeBinary('float32', Buffer.alloc(7), 2, 'x')).toThrow(
      'x has 7 bytes of binary data; its shape needs 8',
    );
    expect(() => decodeBinary('bool', Buffer.from([2]), 1, 'x')).toThrow('neither 0 nor 1');
  });

  it('come back where they are asked for, and JSON elsewhere', () => {
    const results = {
      a: { dataType: 'float32', dims: [2], data: Float32Array.of(1, 0.1) },
      b: { dataType: 'int64', dims: [1], data: BigInt64Array.of(5n) },
    } as const;
    const request = read({ inputs: [], outputs: [{ name: 'a', parameters: { binary_data: true } }, { name: 'b' }] });
    const { body, jsonLength } = writeResponse({ name: 'm', version: '2' }, request, results);
    expect(JSON.parse(body.subarray(0, jsonLength).toString())).toEqual({
      model_name: 'm',
      model_version: '2',
      outputs: [
        { name: 'a', datatype: 'FP32', shape: [2], parameters: { binary_data_size: 8 } },
        { name: 'b', datatype: 'INT64', shape: [1], data: [5] },
      ],
    });
    expect(body.subarray(jsonLength)).toEqual(Buffer.from(Float32Array.of(1, 0.1).buffer));
    const all = read({ inputs: [], parameters: { binary_data_output: true } });
    expect(writeResponse({ name: 'm', version: '2' }, all, results).body.byteLength).toBeGreaterThan(16);
  });

  it('turn halves into numbers and back', () => {
    const data = toElements('float16', [0.5, -1.25], 'x');
    expect(fromElements({ dataType: 'float16', dims: [2], data })).toEqual([0.5, -1.25]);
    const brain = toElements('bfloat16', [0.5, -1.25], 'x');
    expect(fromElements({ dataType: 'bfloat16', dims: [2], data: brain })).toEqual([0.5, -1.25]);
  });
});

describe('what clients are told', () => {
  it.each([
    ['/srv/models/a/1/model.onnx cannot be read', 'model.onnx cannot be read'],
    ["the file '/home/user/x.bin', which", "the file 'x.bin', which"],
    ['C:\\models\\a.onnx is not', 'a.onnx is not'],
    ['a/b and 1/2 stay, and so does [N, 3]', 'a/b and 1/2 stay, and so does [N, 3]'],
  ])('holds no path: %s', (text, clean) => expect(withoutPaths(text)).toBe(clean));
});

describe('the token', () => {
  it('must be the whole one', () => {
    const isAllowed = tokenCheck('secret');
    expect(isAllowed('Bearer secret')).toBe(true);
    expect(isAllowed('bearer secret')).toBe(true);
    for (const wrong of [
      undefined,
      '',
      'secret',
      'Bearer',
      'Bearer ',
      'Bearer secre',
      'Bearer secrets',
      'Basic secret',
    ])
      expect(isAllowed(wrong)).toBe(false);
    expect(tokenCheck(undefined)(undefined)).toBe(true);
  });
});
