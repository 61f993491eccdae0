import type { DataType } from '@tessera/onnx-loader';
import type { Tensor } from '../tensor.js';
import { dataTypeOf } from './cast.js';
import { fromNumbers, productOfDims, showDims, toNumbers } from './helpers.js';
import type { InferContext, InferResult, NodeContext, Operator, RunContext } from './types.js';

/** Numbers in [0, 1), 53 bits each: xoshiro128** (Blackman and Vigna, 2018), seeded by splitmix32. */
function generator(seed: number): () => number {
  let mixed = seed | 0;
  const splitmix = () => {
    mixed = (mixed + 0x9e3779b9) | 0;
    let z = mixed ^ (mixed >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
  const state = [splitmix(), splitmix(), splitmix(), splitmix()];
  const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));
  const next = () => {
    const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
    const shifted = state[1] << 9;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = rotate(state[3], 11);
    return result;
  };
  return () => ((next() >>> 5) * 67108864 + (next() >>> 6)) / 9007199254740992;
}

/** The seed attribute's own bits; without it, another seed for every run. */
function seeded(context: NodeContext): () => number {
  if (!context.attributes.has('seed')) return generator(Math.floor(Math.random() * 2 ** 32));
  const [bits] = new Int32Array(Float32Array.of(context.attributes.float('seed')).buffer);
  return generator(bits);
}

/** Normal numbers, two by two (Box and Muller, 1958). */
function normal(uniform: () => number): () => number {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

type Draw = (context: NodeContext) => () => number;

const drawNormal: Draw = (context) => {
  const draw = normal(seeded(context));
  const [mean, scale] = [context.attributes.float('mean', 0), context.attributes.float('scale', 1)];
  return () => mean + scale * draw();
};

const drawUniform: Draw = (context) => {
  const draw = seeded(context);
  const [low, high] = [context.attributes.float('low', 0), context.attributes.float('high', 1)];
  return () => low + (high - low) * draw();
};

function drawn(dataType: DataType, dims: readonly number[], draw: () => number): Tensor {
  return fromNumbers(dataType, dims, Float64Array.from({ length: productOfDims(dims) as number }, draw));
}

/** Of the shape that an attribute states. */
function ofShape(type: string, draw: Draw): Operator {
  const stated = (context: NodeContext) => ({
    dataType: dataTypeOf(context, 'dtype', 1),
    shape: context.attributes.ints('shape'),
  });
  return {
    type,
    domain: '',
    since: 1,
    infer: (context) => [stated(context)],
    run(context) {
      const { dataType, shape } = stated(context);
      return [drawn(dataType, shape, draw(context))];
    },
  };
}

/** Of the input's shape, and of its type where no attribute states another. */
function likeInput(type: string, draw: (context: RunContext) => (index: number) => number): Operator {
  const dataTypeLike = (context: NodeContext, like: DataType) =>
    context.attributes.has('dtype') ? dataTypeOf(context, 'dtype') : like;
  return {
    type,
    domain: '',
    since: 1,
    infer(context: InferContext): readonly InferResult[] {
      const { dataType, shape } = context.type(0);
      return [{ dataType: dataTypeLike(context, dataType), shape }];
    },
    run(context) {
      const { dataType, dims } = context.tensor(0);
      let index = 0;
      const next = draw(context);
      return [drawn(dataTypeLike(context, dataType), dims, () => next(index++))];
    },
  };
}

/** Samples of the classes of each row of a [batch, classes] input of unnormalized log-probabilities. */
function runMultinomial(context: RunContext): readonly Tensor[] {
  const x = context.tensor(0);
  if (x.dims.length !== 2) context.fail(`the input has the shape ${showDims(x.dims)}; it must be [batch, classes]`);
  const [batch, classes] = x.dims;
  const samples = context.attributes.int('sample_size', 1);
  const draw = seeded(context);
  const values = toNumbers(x);
  const result: number[] = [];
  for (let row = 0; row < batch; row++) {
    const logits = values.subarray(row * classes, (row + 1) * classes);
    const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    const weights = Array.from(logits, (logit) => Math.exp(logit - most));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let i = 0; i < samples; i++) {
      let rest = draw() * total;
      const found = weights.findIndex((weight) => (rest -= weight) < 0);
      result.push(found < 0 ? classes - 1 : found);
    }
  }
  return [fromNumbers(dataTypeOf(context, 'dtype', 6), [batch, samples], result)];
}

/** Operators that draw random numbers, on the host: the same ones for the same seed. */
export const randomOperators: readonly Operator[] = [
  ofShape('RandomNormal', drawNormal),
  ofShape('RandomUniform', drawUniform),
  likeInput('RandomNormalLike', drawNormal),
  likeInput('RandomUniformLike', drawUniform),
  likeInput('Bernoulli', (context) => {
    const chances = toNumbers(context.tensor(0));
    const draw = seeded(context);
    return (index) => (draw() < chances[index] ? 1 : 0);
  }),
  {
    type: 'Multinomial',
    domain: '',
    since: 7,
    infer(context) {
      const samples = context.attributes.int('sample_size', 1);
      const { shape } = context.type(0);
      return [{ dataType: dataTypeOf(context, 'dtype', 6), shape: shape && [shape[0], samples] }];
    },
    run: runMultinomial,
  },
];
