import { convBytes, convFlops } from '../geometry.js';
import { implicitConv, implicitParams, type ImplicitGemm } from '../implicit.js';
import { plainPacking } from '../packing/blocks.js';
import { enables, placeCode, storageType, storeFragment } from '../wgsl/fragments.js';
import { shader } from '../wgsl/shader.js';
import { directSumCode } from './direct.js';
import type { ConvAlgorithm } from './types.js';
import { dispatchSeconds, tiledWork } from './cost.js';
import { gridLimit, squareSide } from './square.js';

/**
 * As `direct`, one thread an output element, in square workgroups of output pixels by output channels, so that the
 * threads of a workgroup share both inputs and weights through the cache.
 */
export const directWide: ConvAlgorithm = {
  name: 'direct-wide',
  supports: (problem, device) => gridLimit(implicitConv(problem), squareSide(device), device),
  cost(problem, device) {
    const side = squareSide(device);
    return dispatchSeconds('direct-wide', tiledWork(implicitConv(problem), side, side, convBytes(problem)), device);
  },
  plan(problem, device) {
    const p = implicitConv(problem);
    const side = squareSide(device);
    const element = storageType(p.elementType, 1);
    const store = storeFragment(p, false);
    const params = implicitParams(p);
    const kernel = shader({
      label: `direct-wide ${side}x${side}`,
      enables: enables(p.elementType),
      bindings: [
        { name: 'input', access: 'read', type: `array<${element}>` },
        { name: 'weights', access: 'read', type: `array<${element}>` },
        ...store.bindings,
      ],
      params,
      workgroupSize: [side, side, 1],
      declarations: `${placeCode(p)}\n${store.declarations}`,
      body: directWideBody(p),
    });
    return {
      algorithm: 'direct-wide',
      variant: `${side}x${side}`,
      dispatches: [
        {
          kernel,
          workgroups: [Math.ceil(p.columns / side), Math.ceil(p.rows / side), p.groups],
          params,
          operands: ['input', 'weights', ...store.operands],
        },
      ],
      scratchByteLength: 0,
      packing: plainPacking(p),
      flops: convFlops(problem),
      bytes: convBytes(problem),
    };
  },
};

const directWideBody = (p: ImplicitGemm): string => `
  let group = workgroup_id.z;
  let column = global_id.x;
  let row = global_id.y;
  if (row >= params.rows || column >= params.columns) {
    return;
  }
  ${directSumCode(p)}`;
