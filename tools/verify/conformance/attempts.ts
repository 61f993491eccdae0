import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadOnnx, type ValueInfo } from '@tessera/onnx-loader';
import { createSession, TesseraError, type Device } from '@tessera/runtime';
import { difference } from './compare.js';
import { withInitializers, type StoredTensor } from './constants.js';
import type { Case, Tolerance } from './suite.js';
import { readDataSets } from './values.js';

export interface Attempt {
  /** How the first wrong output differs, as a sentence. */
  readonly difference?: string;
  /** Inputs that were made constant. */
  readonly constants: readonly string[];
}

type Choice = (input: ValueInfo, index: number) => boolean;

const rankOf = ({ type }: ValueInfo) => (type?.kind === 'tensor' ? type.dims?.length : undefined);

/**
 * Which inputs to make constant, tried in this order. Networks hold axes, sizes and the like as constants, the suite
 * gives most of them as inputs, and a program whose shapes depend on inputs' values is refused.
 */
const choices: readonly Choice[] = [() => false, (input, index) => index > 0 && (rankOf(input) ?? 2) < 2, () => true];

function isRefusedForValues(error: unknown): boolean {
  return error instanceof TesseraError && /depends? on (the )?(data|inputs' values)/.test(error.message);
}

async function attempt(test: Case, device: Device, tolerance: Tolerance, choice: Choice): Promise<Attempt> {
  const original = new Uint8Array(readFileSync(test.model));
  const { graph } = loadOnnx(original);
  const constants = test.dataSets.length === 1 ? storedInputs(test.dataSets[0], graph.inputs, choice) : [];
  const names = constants.map(({ name }) => name);
  const bytes = names.length > 0 ? withInitializers(original, constants) : original;
  const session = await createSession(bytes, { device });
  try {
    for (const { feeds, wanted } of readDataSets(test, graph)) {
      const results = await session.run(
        Object.fromEntries(Object.entries(feeds).filter(([name]) => !names.includes(name))),
      );
      for (const [name, tensor] of Object.entries(wanted)) {
        const text = difference(results[name], tensor, tolerance);
        if (text) return { difference: `output "${name}" ${text}`, constants: names };
      }
    }
    return { constants: names };
  } finally {
    session.dispose();
  }
}

function storedInputs(folder: string, inputs: readonly ValueInfo[], choice: Choice): StoredTensor[] {
  return inputs.flatMap((input, index) => {
    const path = join(folder, `input_${index}.pb`);
    const wanted = choice(input, index) && input.type?.kind === 'tensor' && existsSync(path);
    return wanted ? [{ name: input.name, bytes: readFileSync(path) }] : [];
  });
}

/** Runs a case; where it is refused because its inputs' values decide shapes, again with inputs as constants. */
export async function attemptCase(test: Case, device: Device, tolerance: Tolerance): Promise<Attempt> {
  let refusal: unknown;
  for (const choice of choices) {
    try {
      return await attempt(test, device, tolerance, choice);
    } catch (error) {
      if (!isRefusedForValues(error)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}
