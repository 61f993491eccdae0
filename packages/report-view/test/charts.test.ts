import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import type { LayerTime, MemoryReport, Profile } from '@tessera/runtime';
import { categoryOf } from '../src/categories.js';
import { shortenedPath } from '../src/format.js';
import {
  type ChartOptions,
  candidatesChart,
  chromeTrace,
  memoryChart,
  rankingChart,
  rooflineChart,
  timelineChart,
} from '../src/index.js';

const { document } = parseHTML('<!doctype html><html><body></body></html>');

const layer = (name: string, opType: string, ms: number, flops: number): LayerTime => ({
  name,
  opType,
  origins: [name],
  outputs: [`${name}_out`],
  algorithm: 'implicit-gemm register 8x4x16',
  shape: [1, 64, 28, 28],
  dispatches: 1,
  flops,
  bytes: 1e6,
  ms,
  samplesMs: [ms],
  startMs: 0,
});

const layers = [layer('conv1', 'FusedConv', 2, 4e9), layer('pool', 'MaxPool', 0.5, 0), layer('conv2', 'Conv', 1, 1e8)];

const profile: Profile = {
  runs: 1,
  parts: 1,
  gpuMs: 3.5,
  passCostMs: 0.0066,
  wholeMs: 3.4,
  profiledMs: 3.6,
  layers,
  timeline: {
    host: [
      { name: 'upload', startMs: 0, endMs: 0.2 },
      { name: 'encode', startMs: 0.2, endMs: 0.5 },
      { name: 'wait', startMs: 0.5, endMs: 5 },
    ],
    gpu: [
      { layer: 0, kernel: 'winograd input', workgroups: [4, 1, 1], startMs: 1, endMs: 1.5 },
      { layer: 0, kernel: 'winograd products', workgroups: [8, 2, 1], startMs: 1.5, endMs: 3 },
      { layer: 1, kernel: 'pool', workgroups: [3, 1, 1], startMs: 3, endMs: 3.5 },
      { layer: 2, kernel: 'conv', workgroups: [3, 1, 1], startMs: 3.5, endMs: 4.5 },
    ],
    uncertaintyMs: 0.1,
  },
};

const memoryless = (options: ChartOptions) => rankingChart(layers, options);

const texts = (chart: Element, selector: string) =>
  Array.from(chart.querySelectorAll(selector), (e) => e.textContent ?? '');

describe('charts', () => {
  it('show every span of the timeline, named', () => {
    const titles = texts(timelineChart(profile, { document }), 'rect title');
    const heads = titles.map((title) => title.split('\n')[0]);
    expect(heads).toEqual([
      ...['upload inputs, 200 µs', 'encode and submit, 300 µs', 'wait for the GPU, 4.5 ms'],
      ...['conv1', 'winograd input of conv1', 'winograd products of conv1'],
      ...['pool', 'pool of pool', 'conv2', 'conv of conv2'],
    ]);
  });

  it('rank layers by time, and cut the list', () => {
    const titles = texts(rankingChart(layers, { document, top: 2 }), 'rect title');
    expect(titles.map((title) => title.split('\n')[0])).toEqual(['conv1', 'conv2']);
    expect(titles[0]).toContain('2000 GFLOP/s');
  });

  it('rank operators and algorithms', () => {
    const titles = texts(rankingChart(layers, { document, grouping: 'algorithm' }), 'rect title');
    expect(titles).toEqual(['implicit-gemm register 8x4x16\n3 layers, 3.5 ms\n1.17 TFLOP/s']);
  });

  it('give kinds of operators one colour, with a legend unless there is one already', () => {
    const chart = memoryless({ document });
    expect(texts(chart, 'figure > div').join()).toContain('Convolution');
    expect(memoryless({ document, legend: false }).tagName.toLowerCase()).toBe('svg');
    const kinds = ['FusedConv', 'Gemm', 'GlobalAveragePool', 'LayerNormalization', 'Sigmoid', 'Concat'].map(categoryOf);
    expect(kinds).toEqual([
      ...['Convolution', 'Matrix product', 'Pooling'],
      ...['Normalization and reduction', 'Elementwise', 'Data movement'],
    ]);
  });

  it('shorten names from the front', () => {
    expect(shortenedPath('/layer4/layer4.0/conv1/Conv', 12)).toBe('conv1/Conv');
    expect(shortenedPath('abcdefghij', 5)).toBe('ab…ij');
  });

  it('put layers with arithmetic under the roofs that the device has', () => {
    const limits = { f32Flops: 1e13, matrixFlops: 1e14, bytes: 1e12 };
    const chart = rooflineChart(layers, limits, { document });
    expect(texts(chart, 'circle title').map((title) => title.split('\n')[0])).toEqual(['conv1', 'conv2']);
    const labels = texts(chart, 'text').join(' ');
    expect(labels).toContain('matrix units');
    expect(labels).not.toContain('f16');
  });

  it('show every tensor of the memory plan', () => {
    const memory: MemoryReport = {
      weightBytes: 10,
      inputBytes: 10,
      activationBytes: 5e6,
      steps: 3,
      allocations: [
        {
          bytes: 4e6,
          tenants: [
            { layer: 0, bytes: 4e6, first: 0, last: 1 },
            { layer: 2, bytes: 2e6, first: 2, last: 2 },
          ],
        },
        { bytes: 1e6, tenants: [{ layer: 1, bytes: 1e6, first: 1, last: 2 }] },
      ],
      liveBytes: [4e6, 5e6, 3e6],
    };
    const titles = texts(memoryChart(memory, layers, { document }), 'rect title');
    expect(titles).toEqual([
      'conv1\n4 MB, dispatches 0 to 1',
      'conv2\n2 MB, dispatches 2 to 2',
      'pool\n1 MB, dispatches 1 to 2',
    ]);
  });

  it('compare candidates with the slowest', () => {
    const chart = candidatesChart(
      [
        { name: 'direct', ms: 8, isPick: false },
        { name: 'tiled', ms: 2, isPick: true },
      ],
      { document },
    );
    expect(texts(chart, 'text').filter((text) => text.includes('×'))).toEqual(['2 ms, 4×', '8 ms, 1×']);
  });
});

describe('the Chrome trace', () => {
  const { traceEvents } = chromeTrace(profile, 'model.onnx');

  it('names its lanes and gives every event a time', () => {
    const names = traceEvents.filter(({ ph }) => ph === 'M').map(({ args }) => args!.name);
    expect(names).toEqual(['model.onnx', 'Host', 'GPU']);
    for (const { ph, ts, dur } of traceEvents) {
      expect(ts).toBeGreaterThanOrEqual(0);
      if (ph === 'X') expect(dur).toBeGreaterThanOrEqual(0);
    }
  });

  it('nests dispatches in their layers', () => {
    const gpu = traceEvents.filter(({ ph, tid }) => ph === 'X' && tid === 2);
    const inside = (name: string) => {
      const outer = gpu.find((event) => event.name === name && event.cat === 'layer')!;
      return gpu.filter(
        ({ cat, ts, dur }) => cat === 'dispatch' && ts >= outer.ts && ts + dur! <= outer.ts + outer.dur!,
      );
    };
    expect(inside('conv1').map(({ name }) => name)).toEqual(['winograd input', 'winograd products']);
    expect(inside('pool').map(({ name }) => name)).toEqual(['pool']);
  });
});
