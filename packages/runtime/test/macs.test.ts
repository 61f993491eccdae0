import { describe, expect, it } from 'vitest';
import { buildModel } from '../../../tools/testing/index.js';
import { inspectModel } from '../src/index.js';

interface Conv {
  readonly channels: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly isDepthwise?: boolean;
}

/** The convolutions of a network as a graph; weights are inputs, since only their shapes count. */
function network(build: (conv: (from: string, options: Conv) => string, pool: (from: string) => string) => string) {
  const image = { name: 'x', dataType: 'float32' as const, dims: ['N', 3, 224, 224] as (number | string)[] };
  const inputs = [image];
  const nodes: Parameters<typeof buildModel>[0]['nodes'][number][] = [];
  const channelsOf = new Map([['x', 3]]);
  const weights = (...dims: number[]) => {
    const name = `w${inputs.length}`;
    inputs.push({ name, dataType: 'float32', dims });
    return name;
  };
  const conv = (from: string, { channels, kernel = 1, stride = 1, isDepthwise = false }: Conv) => {
    const to = `v${nodes.length}`;
    const given = channelsOf.get(from)!;
    const pad = kernel >> 1;
    nodes.push({
      opType: 'Conv',
      inputs: [from, weights(channels, isDepthwise ? 1 : given, kernel, kernel)],
      outputs: [to],
      attributes: { strides: [stride, stride], pads: [pad, pad, pad, pad], group: isDepthwise ? given : 1 },
    });
    channelsOf.set(to, channels);
    return to;
  };
  const pool = (from: string) => {
    const attributes = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
    nodes.push({ opType: 'MaxPool', inputs: [from], outputs: ['pooled'], attributes });
    channelsOf.set('pooled', channelsOf.get(from)!);
    return 'pooled';
  };
  const last = build(conv, pool);
  nodes.push({ opType: 'GlobalAveragePool', inputs: [last], outputs: ['mean'] });
  nodes.push({ opType: 'Flatten', inputs: ['mean'], outputs: ['flat'] });
  nodes.push({
    opType: 'Gemm',
    inputs: ['flat', weights(1000, channelsOf.get(last)!)],
    outputs: ['y'],
    attributes: { transB: 1 },
  });
  return buildModel({ inputs, nodes, outputs: [{ name: 'y', dataType: 'float32', dims: ['N', 1000] }] });
}

/** He et al. 2015, table 1, with the stride in the 3x3 convolution as torchvision has it. */
const resnet50 = () =>
  network((conv, pool) => {
    let value = pool(conv('x', { channels: 64, kernel: 7, stride: 2 }));
    [3, 4, 6, 3].forEach((blocks, stage) => {
      const channels = 64 << stage;
      for (let block = 0; block < blocks; block++) {
        const stride = block === 0 && stage > 0 ? 2 : 1;
        if (block === 0) conv(value, { channels: 4 * channels, stride });
        const narrow = conv(conv(value, { channels }), { channels, kernel: 3, stride });
        value = conv(narrow, { channels: 4 * channels });
      }
    });
    return value;
  });

/** Sandler et al. 2018, table 2: expansion, channels, repeats, stride. */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
];
const mobilenetV2 = () =>
  network((conv) => {
    let value = conv('x', { channels: 32, kernel: 3, stride: 2 });
    let given = 32;
    for (const [expansion, channels, repeats, first] of stages) {
      for (let repeat = 0; repeat < repeats; repeat++) {
        const wide = expansion * given;
        const expanded = expansion === 1 ? value : conv(value, { channels: wide });
        const stride = repeat === 0 ? first : 1;
        const filtered = conv(expanded, { channels: wide, kernel: 3, stride, isDepthwise: true });
        value = conv(filtered, { channels });
        given = channels;
      }
    }
    return conv(value, { channels: 1280 });
  });

describe("multiply-adds are those of the papers' tables, to 2%", () => {
  it.each([
    ['ResNet-50', resnet50, 4.09e9],
    ['MobileNetV2', mobilenetV2, 0.3e9],
  ])('%s', (_, build, counted) => {
    const model = build();
    for (const N of [1, 3]) {
      const { macs, uncounted } = inspectModel(model, { dims: { N } });
      expect(Math.abs(macs / (N * counted) - 1)).toBeLessThan(0.02);
      expect(uncounted).toBe(0);
    }
  });
});
