import { proxy } from 'comlink';
import type { LayerExplanation, Profile } from '@tessera/runtime/browser';
import { h } from '../dom.js';
import type { Forced } from '../engine/messages.js';
import { formatMs, formatShape, threeDigits } from '../format.js';
import type { Place } from '../place.js';

const automatic = '';

/** Layers shown at most; the slowest ones. */
const most = 12;

/**
 * The algorithm of each convolution and matrix product, with a control that forces another, and a chart of one layer by
 * every algorithm. `profileAgain` is called when a choice has changed.
 */
export function algorithmsView(
  place: Place,
  profile: Profile,
  explanations: readonly LayerExplanation[],
  profileAgain: () => Promise<Profile | undefined>,
): HTMLElement {
  const chart = h('div', { class: 'chart' });
  const forced: Record<string, string> = {};
  for (const each of explanations) if (each.forced !== undefined) forced[each.name] = each.forced;

  async function force(name: string, algorithm: string): Promise<void> {
    const chosen: Forced = { ...forced, [name]: algorithm };
    const kept = Object.fromEntries(Object.entries(chosen).filter(([, value]) => value !== automatic));
    const before = layerOf(profile, name)?.ms ?? 0;
    place.say(`Preparing ${name} by ${algorithm === automatic ? 'the algorithm of choice' : algorithm}…`);
    try {
      await place.engine.force(place.name, kept);
      const after = layerOf(await profileAgain(), name)?.ms;
      if (after === undefined) return;
      place.say(
        `${name}: ${formatMs(before)} before, ${formatMs(after)} now: ${threeDigits(before / after)} times as fast.`,
      );
    } catch (error) {
      place.fail(error);
    }
  }

  async function compare(name: string): Promise<void> {
    if (!place.lastFeeds) return;
    try {
      const { candidatesChart } = await import('@tessera/report-view');
      const say = (algorithm: string, done: number, total: number) =>
        place.say(`Timing ${name} by ${algorithm}, ${done + 1} of ${total}…`);
      const times = await place.engine.compareAlgorithms(place.name, place.lastFeeds, name, proxy(say));
      const taken = layerOf(profile, name)?.algorithm ?? '';
      const candidates = times.map(({ algorithm, ms }) => ({
        name: algorithm,
        ms,
        isPick: taken === algorithm || taken.startsWith(`${algorithm} `),
      }));
      const width = Math.min(900, Math.max(320, document.body.clientWidth - 64));
      chart.replaceChildren(h('h3', {}, `${name} by every algorithm`), candidatesChart(candidates, { width }));
      place.say(`Timed ${name} by ${times.length} algorithms.`);
    } catch (error) {
      place.fail(error);
    }
  }

  const byTime = [...explanations].sort(
    (a, b) => (layerOf(profile, b.name)?.ms ?? 0) - (layerOf(profile, a.name)?.ms ?? 0),
  );
  const rows = byTime.slice(0, most).map((explanation) => {
    const { name, shape, candidates } = explanation;
    const layer = layerOf(profile, name);
    const names = [...new Set(candidates.filter(({ refusal }) => refusal === undefined).map((c) => c.algorithm))];
    const control = h(
      'select',
      { 'aria-label': `Algorithm of ${name}`, change: () => void force(name, control.value) },
      h('option', { value: automatic }, 'automatic'),
      ...names.map((algorithm) => h('option', { value: algorithm }, algorithm)),
    );
    control.value = explanation.forced ?? automatic;
    const all = h(
      'button',
      { type: 'button', 'aria-label': `Compare all for ${name}`, click: () => void compare(name) },
      'Compare all',
    );
    const cells = [formatShape(shape), layer?.algorithm ?? '', layer ? formatMs(layer.ms) : '', control, all];
    return h('tr', {}, h('th', { scope: 'row' }, name), ...cells.map((cell) => h('td', {}, cell)));
  });
  const head = ['Layer', 'Shape', 'Computed by', 'Time', 'Force', ''].map((text) => h('th', { scope: 'col' }, text));
  return h(
    'div',
    {},
    h('h3', {}, 'Algorithms of the slowest convolutions and products'),
    h('div', { class: 'scroll' }, h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows))),
    chart,
  );
}

function layerOf(profile: Profile | undefined, name: string) {
  return profile?.layers.find((layer) => layer.name === name);
}
