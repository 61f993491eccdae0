import type { SessionPool, Tensor } from '@tessera/runtime';
import { isTesseraError, messageOf } from '../errors.js';
import type { Item } from './items.js';

/** How often a run that failed for a passing reason, such as a lost device, is tried again, and after what pause. */
const attempts = 8;
const pauseMs = 250;

/** What is done with each item. */
export interface ItemWork {
  read(item: Item): Promise<Readonly<Record<string, Tensor>>>;
  write(item: Item, results: Readonly<Record<string, Tensor>>): Promise<void>;
  onDone(item: Item): void;
  /** Told of an item that cannot be done; the others go on. */
  onFailed(item: Item, message: string): void;
}

async function runWithRetries(pool: SessionPool, feeds: Readonly<Record<string, Tensor>>) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await pool.run(feeds);
    } catch (error) {
      if (attempt === attempts || !isTesseraError(error) || !error.retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs * attempt));
    }
  }
}

/** Takes items from one iterator in `width` strands, so that as many are under way and no more are held in memory. */
export async function runItems(
  items: AsyncGenerator<Item>,
  pool: SessionPool,
  width: number,
  work: ItemWork,
): Promise<void> {
  const strand = async () => {
    for (let next = await items.next(); !next.done; next = await items.next()) {
      const item = next.value;
      try {
        await work.write(item, await runWithRetries(pool, await work.read(item)));
      } catch (error) {
        work.onFailed(item, messageOf(error));
        continue;
      }
      work.onDone(item);
    }
  };
  await Promise.all(Array.from({ length: width }, strand));
}
