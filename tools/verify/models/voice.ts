export const sampleRate = 16_000;
/** Samples of a call, and of the one before that stand in front of them. */
export const chunkSize = 512;
export const contextSize = 64;

/** Formants of vowels, in Hz (Peterson and Barney, 1952). */
const vowels = [
  [730, 1090, 2440],
  [270, 2290, 3010],
  [300, 870, 2240],
] as const;

/** A resonance of two poles at a frequency, which shapes a source as the mouth does. */
function resonator(frequency: number, bandwidth: number): (sample: number) => number {
  const radius = Math.exp((-Math.PI * bandwidth) / sampleRate);
  const turn = 2 * radius * Math.cos((2 * Math.PI * frequency) / sampleRate);
  let [last, before] = [0, 0];
  return (sample) => {
    const value = (1 - radius) * sample + turn * last - radius * radius * before;
    [last, before] = [value, last];
    return value;
  };
}

/** Seconds of silence and vowels in turns, half a second each, over faint noise: pulses of a voice through formants. */
export function speechLike(seconds: number): Float32Array {
  const samples = new Float32Array(seconds * sampleRate);
  const half = sampleRate / 2;
  let noise = 1;
  let phase = 0;
  let filters = vowels[0].map((frequency) => resonator(frequency, 90));
  for (let i = 0; i < samples.length; i++) {
    const part = Math.floor(i / half);
    if (i % half === 0) filters = vowels[(part >> 1) % vowels.length].map((frequency) => resonator(frequency, 90));
    noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
    const hiss = (noise / 2 ** 32 - 0.5) * 0.002;
    phase += (120 + 20 * Math.sin((2 * Math.PI * 3 * i) / sampleRate)) / sampleRate;
    const pulse = phase >= 1 ? 1 : 0;
    phase -= pulse;
    const voiced = filters.reduce((sum, filter) => sum + filter(pulse), 0);
    const swell = Math.sin((Math.PI * (i % half)) / half);
    samples[i] = hiss + (part % 2 === 1 ? 2 * swell * voiced : 0);
  }
  return samples;
}
