import { join } from 'node:path';
import {
  loadZoo,
  sharedFolder,
  zooModel,
  type InputSpec,
  type SeededInput,
  type Sizes,
} from '../support/shared-data.js';

export interface Network {
  readonly name: string;
  readonly path: string;
  /** Sizes of the symbolic dimensions, one set after another in one session. */
  readonly sizes: readonly Sizes[];
  inputsFor(sizes: Sizes): Readonly<Record<string, SeededInput>>;
}

interface ZooEntry {
  readonly sizes?: readonly Sizes[];
}

interface ModelEntry {
  readonly inputs: readonly InputSpec[];
  /** Turns a standard normal number into a value of the range the model was trained for. */
  readonly value: (normal: number) => number;
}

/** Architectures with seeded weights. */
const zoo: Readonly<Record<string, ZooEntry>> = {
  tv_resnet18: {},
  tv_resnet50: { sizes: [{ N: 1 }, { N: 3 }, { N: 8 }] },
  dyn_resnet50: {},
  tv_mobilenet_v2: {},
  dyn_mobilenet_v2: {},
  tv_efficientnet_b0: {},
  tv_squeezenet1_1: {},
  tv_densenet121: {},
  tv_vgg11_bn: {},
  tv_shufflenet_v2_x1_0: {},
  tv_convnext_tiny: {},
  net_unet: {},
  net_yolo_like: {},
  net_style_transfer: {},
};

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

export const networkNames: readonly string[] = [...Object.keys(zoo), ...Object.keys(models)];

/** Throws where the name is none of `networkNames`. */
export async function openNetwork(name: string): Promise<Network> {
  if (zoo[name]) {
    const { model, inputsFor } = await zooModel(name);
    return { name, path: model, sizes: zoo[name].sizes ?? [{}], inputsFor };
  }
  const entry = models[name];
  if (!entry) throw new Error(`there is no network "${name}"; there are ${networkNames.join(', ')}`);
  const { inputs } = await loadZoo();
  const feeds = inputs({ inputs: entry.inputs });
  for (const feed of Object.values(feeds)) feed.data = (feed.data as Float32Array).map(entry.value);
  return { name, path: join(sharedFolder(), 'models', `${name}.onnx`), sizes: [{}], inputsFor: () => feeds };
}
