import { readFileSync } from 'node:fs';
import { loadOnnx } from '@tessera/onnx-loader';
import { createSession, type Device, type NodePlacement } from '@tessera/runtime';
import { difference } from './compare.js';
import type { Case, Tolerance } from './suite.js';
import { readDataSets } from './values.js';

export interface Attempt {
  /** How the first wrong output differs, as a sentence. */
  readonly difference?: string;
  /** Where each node ran. */
  readonly placements: readonly NodePlacement[];
}

/** Runs a case as it stands. Throws where it does not load or run. */
export async function attemptCase(test: Case, device: Device, tolerance: Tolerance): Promise<Attempt> {
  const model = new Uint8Array(readFileSync(test.model));
  const { graph } = loadOnnx(model);
  const session = await createSession(model, { device });
  try {
    for (const { feeds, wanted } of readDataSets(test, graph)) {
      const results = await session.runValues(feeds);
      for (const [name, value] of Object.entries(wanted)) {
        const text = difference(results[name], value, tolerance);
        if (text) return { difference: `output "${name}" ${text}`, placements: session.report.placements };
      }
    }
    return { placements: session.report.placements };
  } finally {
    session.dispose();
  }
}
