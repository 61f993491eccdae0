import { decodeModel, encodeModel, int64 } from '@tessera/onnx-loader/schema';
import type { ModelMessage } from '@tessera/onnx-loader/schema';
import { applyDamage, damageCase, weightRanges } from '../damage/cases.js';
import { random } from '../support/random.js';

type Random = () => number;
const pick = <T>(next: Random, list: readonly T[]): T => list[Math.floor(next() * list.length)];

const numbers = [0, -1, 1, 2, 3, 7, 1000, 2 ** 31, 2 ** 40, -(2 ** 40)];
const operators = [
  'Conv',
  'Gemm',
  'Reshape',
  'Concat',
  'Loop',
  'If',
  'NonZero',
  'Softmax',
  'Expand',
  'Tile',
  'NoSuchOperator',
  '',
];
const names = ['', 'image', 'scores', 'nowhere', '../../etc/passwd', '\u0000'];

/** What is done to a model's messages: each changes one thing that a reader must check. */
const mutations: readonly ((model: ModelMessage, next: Random) => void)[] = [
  ({ graph }, next) => void (pick(next, graph!.node!).opType = pick(next, operators)),
  ({ graph }, next) => {
    const inputs = pick(next, graph!.node!).input!;
    inputs[Math.floor(next() * inputs.length)] = pick(next, names);
  },
  ({ graph }, next) => void (pick(next, graph!.node!).output = [pick(next, names)]),
  ({ graph }, next) => void graph!.node!.splice(Math.floor(next() * graph!.node!.length), 1),
  ({ graph }, next) => void graph!.node!.push(pick(next, graph!.node!)),
  ({ graph }, next) => {
    const attribute = pick(
      next,
      graph!.node!.flatMap((node) => node.attribute ?? []),
    );
    if (attribute.ints?.length)
      attribute.ints = [...attribute.ints, int64(pick(next, numbers))].slice(-attribute.ints.length);
    else attribute.i = int64(pick(next, numbers));
    if (next() < 0.3) attribute.type = Math.floor(next() * 16);
  },
  ({ graph }, next) =>
    void (pick(next, graph!.initializer!).dims = [int64(pick(next, numbers)), int64(pick(next, numbers))]),
  ({ graph }, next) => void (pick(next, graph!.initializer!).dataType = Math.floor(next() * 30)),
  ({ graph }, next) => void (pick(next, graph!.initializer!).rawData = new Uint8Array(Math.floor(next() * 100))),
  ({ graph }, next) => {
    const tensor = pick(next, graph!.initializer!);
    const location = pick(next, ['../../../etc/passwd', '/etc/passwd', 'missing.bin', 'digits.onnx', '']);
    Object.assign(tensor, {
      rawData: undefined,
      dataLocation: 1,
      externalData: [{ key: 'location', value: location }],
    });
  },
  ({ graph }, next) => {
    const shape = graph!.input![0].type!.tensorType!.shape!;
    shape.dim = [1, 1, 8, 8].map(() =>
      next() < 0.5 ? { dimValue: int64(pick(next, numbers)) } : { dimParam: pick(next, names) },
    );
  },
  ({ opsetImport }, next) => void (opsetImport![0].version = int64(pick(next, [0, 1, 6, 7, 13, 99, -1]))),
  ({ graph }, next) => void (graph!.output = [{ ...graph!.output![0], name: pick(next, names) }]),
];

/** Damaged forms of a model, by number: one of three has damaged bytes, the others up to three changes of its structure. */
export function damagedModels(bytes: Uint8Array): (index: number) => Uint8Array {
  const weights = weightRanges(bytes);
  return (index) => {
    if (index % 3 === 0) return applyDamage(bytes, damageCase(index, bytes.length, weights));
    const next = random(index);
    const model = decodeModel(bytes.slice());
    for (let i = 0; i <= Math.floor(next() * 3); i++) pick(next, mutations)(model, next);
    return encodeModel(model);
  };
}
