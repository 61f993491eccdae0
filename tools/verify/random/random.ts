/** Seeded random choices. */
export interface Random {
  /** In [0, 1). */
  number(): number;
  /** A whole number in [low, high]. */
  int(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  shuffled<T>(items: readonly T[]): T[];
}

/** mulberry32 (Tommy Ettinger): a 32-bit state, good enough to draw test cases. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  const number = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (low: number, high: number) => low + Math.floor(number() * (high - low + 1));
  return {
    number,
    int,
    chance: (probability) => number() < probability,
    pick: (items) => items[int(0, items.length - 1)],
    shuffled(items) {
      const result = [...items];
      for (let i = result.length - 1; i > 0; i--) {
        const k = int(0, i);
        [result[i], result[k]] = [result[k], result[i]];
      }
      return result;
    },
  };
}
