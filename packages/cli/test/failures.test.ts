import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TesseraError } from '../../runtime/src/errors.js';
import { describe, expect, it } from 'vitest';
import { errorLine } from '../src/errors.js';
import { encodeNpy } from '../src/npy.js';
import { infer, temporaryFolder, value, writeModel } from './fake.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
const inputs = [value('data', 'float32', 'N', 3, 8, 6), value('ids', 'int64', 'N', 'seq')];
const model = writeModel(at('m.onnx'), inputs);

function array(name: string, dims: number[], Type: typeof Float32Array | typeof Int32Array = Float32Array): string {
  const data = new Type(dims.reduce((a, b) => a * b, 1));
  writeFileSync(at(name), encodeNpy({ dataType: data instanceof Int32Array ? 'int32' : 'float32', dims, data }));
  return at(name);
}

writeFileSync(at('broken.png'), 'nothing');
writeFileSync(at('broken.npy'), 'nothing');
writeFileSync(at('broken.pb'), 'nothing');
writeFileSync(at('text.onnx'), 'hello');
writeFileSync(at('file'), '');
mkdirSync(at('folder.onnx'));

describe('failures end with status 1 and one line', () => {
  it.each<[string, string[], RegExp]>([
    ['a missing model', [at('none.onnx')], /none\.onnx cannot be read: no such file/],
    ['a directory', [at('folder.onnx')], /folder\.onnx is a directory/],
    ['no model', [at('text.onnx')], /text\.onnx is not an ONNX file/],
    ['an unknown input', [model, '--input', 'foo=a.npy'], /no input "foo"; its inputs are data, ids/],
    ['too many files', [model, '--input', 'a.npy', '--input', 'b.npy', '--input', 'c.npy'], /c\.npy: no input is left/],
    ['an unknown symbol', [model, '--dim', 'M=3'], /no symbolic dimension "M"; it has N, seq/],
    [
      'sizes beyond any memory',
      [model, '--dim', 'seq=99999999999'],
      /input "ids" of int64 1x99999999999.*99999999999 elem/,
    ],
    ['a missing array', [model, '--input', at('none.npy')], /none\.npy cannot be read: no such file/],
    ['a missing picture', [model, '--input', at('none.png')], /none\.png cannot be read as a picture: no such file/],
    ['a broken array', [model, '--input', at('broken.npy')], /broken\.npy cannot be read as an \.npy array/],
    ['a broken tensor', [model, '--input', at('broken.pb')], /broken\.pb cannot be read as a TensorProto/],
    ['a broken picture', [model, '--input', at('broken.png')], /broken\.png cannot be read as a picture/],
    ['another kind of file', [model, '--input', at('file')], /must end in \.npy, \.pb, \.png/],
    [
      'a wrong rank',
      [model, '--input', array('rank.npy', [3, 8, 6])],
      /rank\.npy has the shape 3x8x6.*float32 Nx3x8x6/,
    ],
    ['a wrong size', [model, '--input', array('size.npy', [1, 3, 8, 7])], /size\.npy has the shape 1x3x8x7.*Nx3x8x6/],
    ['a wrong type', [model, '--input', `ids=${array('type.npy', [1, 2])}`], /type\.npy holds float32.*int64/],
    [
      'a size unlike --dim',
      [model, '--dim', 'N=2', '--input', array('three.npy', [3, 3, 8, 6])],
      /three\.npy has the shape 3x3x8x6.*N = 2 by --dim/,
    ],
    [
      'sizes unlike each other',
      [model, '--input', array('three.npy', [3, 3, 8, 6]), '--input', array('two.npy', [2, 5], Int32Array)],
      /two\.npy has the shape 2x5.*N = 3 by .*three\.npy/,
    ],
    [
      'arrays that do not stack',
      [model, '--input', `data=${array('a.npy', [1, 3, 8, 6])}`, '--input', `data=${array('b.npy', [1, 3, 8, 5])}`],
      /b\.npy cannot be stacked on .*a\.npy.*1x3x8x5 and float32 1x3x8x6/,
    ],
    [
      'a picture for other data',
      [model, '--input', `ids=${at('broken.png')}`],
      /broken\.png is a picture.*int64 Nxseq/,
    ],
    ['missing labels', [model, '--labels', at('none.txt')], /--labels .*none\.txt cannot be read/],
    ['a file for a directory', [model, '--output-dir', at('file')], /--output-dir .*file cannot be used/],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr, calls } = await infer(args, { inputs });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^infer: [^\n]+\n$/);
    expect(stderr).not.toMatch(/internal error/);
    expect([status, stdout, calls.options]).toEqual([1, '', undefined]);
  });

  it('of the runtime name the model, the node, and sizes that were assumed', async () => {
    const runError = new TesseraError('INVALID_MODEL', 'Conv takes 4 dimensions,\n not 3', { node: 'conv_7' });
    const { status, stderr, calls } = await infer([model, '--dim', 'N=1'], { inputs, runError });
    expect(stderr).toBe(
      `infer: ${model}: Conv takes 4 dimensions, not 3 (node conv_7) (assuming seq = 1; --dim NAME=SIZE sets another size)\n`,
    );
    expect([status, calls.disposed]).toEqual([1, true]);
  });

  it('of the runtime say nothing of sizes where something else would help', async () => {
    const details = { remedy: 'give a file that infer tune made' };
    const runError = new TesseraError('INVALID_INPUT', 'tuning file times.json: it is not JSON', details);
    const { stderr } = await infer([model, '--dim', 'N=1'], { inputs, runError });
    expect(stderr).toBe(`infer: ${model}: tuning file times.json: it is not JSON\n`);
  });

  it('of our own making say so, with the stack on demand', () => {
    const error = new TypeError('x is\n undefined \u001b[31m');
    expect(errorLine(error, false)).toBe('infer: internal error: x is undefined ?[31m (TESSERA_DEBUG=1 shows where)\n');
    expect(errorLine(error, true)).toContain('failures.test.ts');
  });
});
