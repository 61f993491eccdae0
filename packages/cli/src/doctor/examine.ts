import type { AdapterReport, Device, Precision } from '@tessera/runtime';
import type { Runtime } from '../environment.js';
import { isTesseraError, messageOf } from '../errors.js';
import { assumedHint, explainFailure } from '../workload.js';
import type { Missing, ModelDiagnosis } from './types.js';

const GPU_REMEDY = 'install the driver of the GPU, on Linux with Vulkan; macOS and Windows have what is needed';

/** Features that kernels use, with what goes without them. */
export const FEATURES: readonly { feature: string; what: string; effect: string; remedy: string }[] = [
  {
    feature: 'shader-f16',
    what: 'half-precision arithmetic (shader-f16)',
    effect: '--precision fp16 is refused',
    remedy: 'an adapter that has it, such as a GPU with a current driver, or lavapipe',
  },
  {
    feature: 'subgroups',
    what: 'subgroups',
    effect: 'reductions and some products go through workgroup memory and are slower',
    remedy: 'a newer driver or adapter',
  },
  {
    feature: 'timestamp-query',
    what: 'timestamps (timestamp-query)',
    effect: 'layers cannot be timed, and nothing can be tuned',
    remedy: 'a newer driver or adapter',
  },
  {
    feature: 'chromium-experimental-subgroup-matrix',
    what: 'matrix units (subgroup matrices)',
    effect: 'matrix products run on the general units',
    remedy:
      'a GPU with matrix units, such as NVIDIA since Volta or Apple since M1, and a driver with cooperative matrices',
  },
];

/** What the machine, and the adapter in use, lack. */
export function missingParts(adapters: readonly AdapterReport[], used: AdapterReport | undefined): Missing[] {
  const missing: Missing[] = [];
  if (!adapters.some(({ kind }) => kind === 'gpu')) {
    const effect = adapters.length > 0 ? 'everything runs on the CPU, some hundred times slower' : 'nothing can run';
    missing.push({ what: 'a GPU', effect, remedy: GPU_REMEDY });
  }
  if (adapters.length === 0) {
    missing.push({
      what: 'a software adapter',
      effect: 'nothing can run',
      remedy: 'on Linux install mesa-vulkan-drivers 23 or later, or the npm package @sparticuz/chromium',
    });
  }
  if (!used) return missing;
  const lacking = FEATURES.filter(({ feature }) => !used.features.includes(feature));
  return [...missing, ...lacking.map(({ what, effect, remedy }) => ({ what, effect, remedy }))];
}

interface Question {
  readonly model: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly precision: Precision;
}

/** Where the nodes of a model would run on a device. Compiles kernels only where the model is not one plain program. */
export async function diagnoseModel(
  { model, dims, precision }: Question,
  runtime: Runtime,
  device: Device,
): Promise<ModelDiagnosis> {
  const inspection = inspect();
  if (inspection.plan) return { file: model, refusal: null, elsewhere: [], memory: inspection.plan.memory };
  try {
    const session = await runtime.createSession(model, { device, precision, dims: inspection.dims });
    const { placements, memory } = session.report;
    session.dispose();
    const elsewhere = placements
      .filter(({ where }) => where === 'cpu' || where === 'open')
      .map(({ name, opType, reason }) => ({ name, opType, why: reason }));
    return { file: model, refusal: null, elsewhere, memory: memory ?? null };
  } catch (error) {
    if (!isTesseraError(error) || error.code === 'INVALID_INPUT') throw explainFailure(error, model);
    const isOfModel = error.code === 'INVALID_MODEL';
    const assumed = Object.keys(inspection.dims).filter((symbol) => dims[symbol] === undefined);
    const refusal = `${messageOf(error)}${isOfModel ? assumedHint(assumed) : ''}`;
    const elsewhere = inspection.nodes.flatMap(({ name, opType, problem }) =>
      problem && !isOfModel ? [{ name, opType, why: problem }] : [],
    );
    return { file: model, refusal, elsewhere, memory: null };
  }

  function inspect() {
    try {
      return runtime.inspectModel(model, { dims, precision, device });
    } catch (error) {
      throw explainFailure(error, model);
    }
  }
}
