import { buildModel } from '../../testing/index.js';
import { random } from '../support/random.js';
import type { Target } from './requests.js';

const width = 32;
const layers = 100;

export const narrowTarget: Target = { model: 'narrow', input: 'x', inputRow: [width], output: 'y', outputRow: [width] };

/** A deep, narrow network: a row costs little beside the dispatches of its layers, which a batch shares. */
export function narrowModel(): Uint8Array {
  const next = random(3);
  const scale = 2 / Math.sqrt(width);
  const weights = Array.from({ length: layers }, (_, i) => ({
    name: `w${i}`,
    dataType: 'float32' as const,
    dims: [width, width],
    data: Float32Array.from({ length: width * width }, () => (next() * 2 - 1) * scale),
  }));
  const names = Array.from({ length: layers + 1 }, (_, i) => (i === 0 ? 'x' : i === layers ? 'y' : `h${i}`));
  return buildModel({
    inputs: [{ name: 'x', dataType: 'float32', dims: ['N', width] }],
    outputs: [{ name: 'y', dataType: 'float32', dims: ['N', width] }],
    initializers: weights,
    nodes: weights.flatMap(({ name }, i) => [
      { opType: 'MatMul', inputs: [names[i], name], outputs: [`p${i}`] },
      { opType: 'Tanh', inputs: [`p${i}`], outputs: [names[i + 1]] },
    ]),
  });
}
