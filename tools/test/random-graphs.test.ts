import { loadOnnx } from '@tessera/onnx-loader';
import { describe, expect, test } from 'vitest';
import { buildModel } from '../testing/index.js';
import { randomGraph } from '../verify/random/graph.js';

const graphs = Array.from({ length: 300 }, (_, seed) => randomGraph(seed));

describe('randomGraph', () => {
  test('gives one graph for one seed, and others for others', () => {
    expect(randomGraph(7)).toEqual(graphs[7]);
    expect(randomGraph(8).model).not.toEqual(graphs[7].model);
  });

  test('makes models that load, whose outputs are values of their nodes', () => {
    for (const { model, outputs } of graphs.slice(0, 50)) {
      const { graph } = loadOnnx(buildModel(model));
      const made = new Set(graph.nodes.flatMap((node) => node.outputs));
      expect(outputs.length).toBeGreaterThan(0);
      for (const { name } of outputs) expect(made).toContain(name);
    }
  });

  test('holds inputs without elements, of no dimension and of eight', () => {
    const shapes = graphs.flatMap(({ feeds }) => feeds.map(({ dims }) => dims));
    expect(shapes.some((dims) => dims.includes(0))).toBe(true);
    expect(shapes.some((dims) => dims.length === 0)).toBe(true);
    expect(shapes.some((dims) => dims.length === 8)).toBe(true);
  });
});
