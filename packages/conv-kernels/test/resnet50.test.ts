import { describe, expect, it } from 'vitest';
import { layerProblem, layerSets } from '../../../tools/bench/ladder/sets.js';
import { planConv } from '../src/index.js';
import { gpu, least, matrixGpu, software, swiftShader } from '../../../tools/testing/devices.js';

const devices = { gpu, matrixGpu, software, swiftShader, least };

describe('the layers of ResNet-50', () => {
  for (const [name, device] of Object.entries(devices)) {
    for (const batch of [1, 8, 32]) {
      it(`need no more than 30 pipelines on ${name} at batch ${batch}, and the same texts every time`, () => {
        const texts = (): string[] =>
          layerSets.resnet50.flatMap((layer) =>
            planConv(layerProblem(layer, batch, 'f32'), device).dispatches.map(({ kernel }) => kernel.code),
          );
        const first = texts();
        expect(new Set(first).size).toBeLessThanOrEqual(30);
        expect(texts()).toEqual(first);
      });
    }
  }
});
