import type { ValueMetadata } from '@tessera/runtime';
import type { LoadedModel, ModelRegistry } from './models/registry.js';
import { datatypeName } from './protocol/datatypes.js';

/** What the server says of itself in both protocols. */
export const serverMetadata = {
  name: 'tessera',
  version: '0.1.0',
  extensions: ['binary_tensor_data', 'model_repository'],
} as const;

/** A model as both protocols describe it; a size that is not fixed is -1. */
export function modelMetadata({ name, pool }: LoadedModel, registry: ModelRegistry) {
  const describe = ({ name: value, dataType, dims = [] }: ValueMetadata) => ({
    name: value,
    datatype: datatypeName(dataType),
    shape: dims.map((dim) => (typeof dim === 'number' ? dim : -1)),
  });
  const ready = registry.loaded().filter((model) => model.name === name);
  return {
    name,
    versions: ready.map(({ version }) => version),
    platform: 'onnx_tessera',
    inputs: pool.inputs.map(describe),
    outputs: pool.outputs.map(describe),
    properties: { batching: pool.batching.enabled ? 'dynamic' : `off: ${pool.batching.reason ?? ''}` },
  };
}
