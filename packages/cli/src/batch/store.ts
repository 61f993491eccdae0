import { lstatSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Tensor } from '@tessera/runtime';
import { encodeNpy } from '../npy.js';
import { outputFileNames } from '../outputs/names.js';

/**
 * The results of items below a folder: ID.npy where the model has one output, else ID/OUTPUT.npy. What has its name is
 * whole: it is written under another one, which begins with a dot, flushed to the disk, and renamed. So what is there
 * when a run begins need not be done again.
 */
export class ResultStore {
  constructor(
    readonly folder: string,
    readonly outputs: readonly string[],
  ) {}

  #path(id: string): string {
    return join(this.folder, this.outputs.length === 1 ? `${id}.npy` : id);
  }

  /** Whether an item is done. */
  has(id: string): boolean {
    return lstatSync(this.#path(id), { throwIfNoEntry: false }) !== undefined;
  }

  async put(id: string, results: Readonly<Record<string, Tensor>>): Promise<void> {
    const path = this.#path(id);
    const temporary = join(dirname(path), `.${basename(path)}.part`);
    await mkdir(dirname(path), { recursive: true });
    await rm(temporary, { recursive: true, force: true });
    if (this.outputs.length === 1) {
      await writeFlushed(temporary, encodeNpy(results[this.outputs[0]]));
    } else {
      const names = outputFileNames(this.outputs);
      await mkdir(temporary);
      for (const [i, output] of this.outputs.entries())
        await writeFlushed(join(temporary, names[i]), encodeNpy(results[output]));
      await flushFolder(temporary);
    }
    await rename(temporary, path);
    await flushFolder(dirname(path));
  }
}

async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes names in a folder outlive a loss of power, where the system can. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
