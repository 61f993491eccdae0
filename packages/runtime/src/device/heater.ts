/** One pass of heavy arithmetic: what it took by the device's clock, and what it did. */
export type HeavyPass = () => Promise<{ readonly seconds: number; readonly work: number }>;

/** Work before a clock is taken to be at its highest. */
const firstSeconds = 0.4;
/** The share of the best rate from which the clock counts as high. */
const high = 0.97;
/** Work after which a lower rate is taken for what the device gives now. */
const patienceSeconds = 0.6;

/**
 * A function that works a GPU until its clock is high, since idle ones, and those with little to do for a while, run at a fraction
 * of it: at first for a while, later only until a pass does as well as the best one of the calls before.
 */
export function heater(): (pass: HeavyPass) => Promise<void> {
  let best = 0;
  return async (pass) => {
    const least = best === 0 ? firstSeconds : 0;
    for (let spent = 0; ;) {
      const { seconds, work } = await pass();
      spent += seconds;
      const rate = seconds > 0 ? work / seconds : 0;
      // Neither below what there was, nor still rising.
      const isSteady = rate >= high * best && high * rate <= best;
      best = Math.max(best, rate);
      if (spent < least) continue;
      if (isSteady) return;
      if (spent >= patienceSeconds) {
        best = rate;
        return;
      }
    }
  };
}
