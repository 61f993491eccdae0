import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  loadZoo,
  sharedFolder,
  zooModel,
  type InputSpec,
  type SeededInput,
  type Sizes,
} from '../support/shared-data.js';
import type { Criterion, Precision } from './criteria.js';

export interface Network {
  readonly name: string;
  readonly path: string;
  readonly criterion: Criterion;
  /** What it computes in; of a detector, how its parts before and after the choice of boxes are judged. */
  readonly precision: Precision;
  /** Sizes of the symbolic dimensions, one set after another in one session. */
  readonly sizes: readonly Sizes[];
  inputsFor(sizes: Sizes): Readonly<Record<string, SeededInput>>;
}

interface ModelEntry {
  readonly inputs: readonly InputSpec[];
  /** Turns a standard normal number into a value of the range the model was trained for. */
  readonly value: (normal: number) => number;
}

/** Architectures that are run at several sizes; the others at the sizes the zoo gives. */
const sizesOf: Readonly<Record<string, readonly Sizes[]>> = {
  tv_resnet50: [{ N: 1 }, { N: 3 }, { N: 8 }],
};

/** The architectures of `few`: one of each of the plain convolutional families. */
const fewArchitectures: readonly string[] = [
  'tv_resnet18',
  'tv_resnet50',
  'dyn_resnet50',
  'tv_mobilenet_v2',
  'dyn_mobilenet_v2',
  'tv_efficientnet_b0',
  'tv_squeezenet1_1',
  'tv_densenet121',
  'tv_vgg11_bn',
  'tv_shufflenet_v2_x1_0',
  'tv_convnext_tiny',
  'net_unet',
  'net_yolo_like',
  'net_style_transfer',
];

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** Trained models. */
const models: Readonly<Record<string, ModelEntry>> = {
  mnist: {
    inputs: [{ name: 'Input3', type: 'FLOAT', dims: [1, 1, 28, 28] }],
    value: (normal) => clamp(128 * normal, 0, 255),
  },
  fastestdet: {
    inputs: [{ name: 'input.1', type: 'FLOAT', dims: [1, 3, 352, 352] }],
    value: (normal) => clamp(0.5 + 0.25 * normal, 0, 1),
  },
  'ultraface-rfb-320': {
    inputs: [{ name: 'input', type: 'FLOAT', dims: [1, 3, 240, 320] }],
    value: (normal) => clamp(0.5 * normal, -1, 1),
  },
};

/** What `--few` runs. */
export const fewNetworks: readonly string[] = [...fewArchitectures, ...Object.keys(models)];

/** Every architecture of the zoo, those with the most weights first, and the trained models. */
export function allNetworks(): readonly string[] {
  const folder = join(sharedFolder(), 'zoo');
  const files = readdirSync(folder).filter((file) => file.endsWith('.onnx'));
  const bytes = new Map(files.map((file) => [file.slice(0, -'.onnx'.length), weightBytes(folder, file)]));
  const architectures = [...bytes.keys()].sort((a, b) => bytes.get(b)! - bytes.get(a)! || a.localeCompare(b));
  return [...architectures, ...Object.keys(models)];
}

function weightBytes(folder: string, file: string): number {
  const spec = JSON.parse(readFileSync(join(folder, file.replace(/\.onnx$/, '.json')), 'utf8')) as { bytes: number };
  return spec.bytes;
}

/** Throws where there is no network of this name. */
export async function openNetwork(name: string): Promise<Network> {
  const entry = models[name];
  if (!entry) {
    const { model, inputsFor, spec } = await zooModel(name);
    const precision = precisionOf(spec);
    const criterion = 'NonMaxSuppression' in spec.ops ? 'detection' : precision;
    return { name, path: model, criterion, precision, sizes: sizesOf[name] ?? [{}], inputsFor };
  }
  const { inputs } = await loadZoo();
  const feeds = inputs({ inputs: entry.inputs });
  for (const feed of Object.values(feeds)) feed.data = (feed.data as Float32Array).map(entry.value);
  const path = join(sharedFolder(), 'models', `${name}.onnx`);
  return { name, path, criterion: 'fp32', precision: 'fp32', sizes: [{}], inputsFor: () => feeds };
}

/** By what the graph holds: quantization, or inputs in float16. */
function precisionOf({ ops, inputs }: { readonly ops: object; readonly inputs: readonly InputSpec[] }): Precision {
  if ('QuantizeLinear' in ops) return 'int8';
  return inputs.some((input) => input.type === 'FLOAT16') ? 'fp16' : 'fp32';
}
