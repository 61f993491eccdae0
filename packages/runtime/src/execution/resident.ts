import { GpuTensor } from '../device/gpu-tensor.js';
import type { ValueType } from '../graph.js';
import type { RunValue } from '../operators/types.js';
import { isSequence, type Value } from '../tensor.js';

/** A value during a run: its type, and where it lies; in both places once it was read back. */
export interface Resident {
  readonly type: ValueType;
  /** Undefined where it lies on the device alone. */
  readonly host?: Value;
  readonly device?: GpuTensor;
}

/** The type of a value in host memory; `stated` says what an empty sequence or optional would hold. */
function typeOfValue(value: Value, stated?: ValueType): ValueType {
  if (value === null) return stated ?? { dataType: 'float32', container: 'optional' };
  const container = stated?.container;
  if (!isSequence(value)) {
    const type = { dataType: value.dataType, shape: value.dims };
    return container === 'optional' ? { ...type, container } : type;
  }
  const dataType = value.length > 0 ? value[0].dataType : (stated?.dataType ?? 'float32');
  return { dataType, container: container ?? 'sequence' };
}

/** A value as it enters a run or comes out of a step. */
export function residentOf(value: RunValue, stated?: ValueType): Resident {
  if (!(value instanceof GpuTensor)) return { type: typeOfValue(value, stated), host: value };
  return { type: { dataType: value.dataType, shape: value.dims }, device: value };
}

/** The value where it lies, on the host if in both places. */
export function valueOf({ host, device }: Resident): RunValue {
  return host === undefined ? device! : host;
}
