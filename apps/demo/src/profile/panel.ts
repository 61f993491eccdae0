import type { Profile, SessionReport } from '@tessera/runtime/browser';
import { proxy } from 'comlink';
import { h, offerDownload } from '../dom.js';
import { formatMs } from '../format.js';
import type { Place } from '../place.js';
import { algorithmsView } from './algorithms.js';
import { layersTable } from './layers.js';

const runs = 5;
const tuneSeconds = 20;

/** Loaded when first needed: the charts are larger than the rest of the page. */
const charts = () => import('@tessera/report-view');

/** Where the time goes: profiles the place's model with its last inputs, and shows, exports and explains the result. */
export function profilePanel(place: Place): HTMLElement {
  const results = h('div', {});
  const button = h('button', { type: 'button', click: () => void profile() }, 'Profile the last run');
  const tuneButton = h('button', { type: 'button', click: () => void tune() }, `Tune for up to ${tuneSeconds} s`);
  let lastMs: number | undefined;

  async function profile(): Promise<Profile | undefined> {
    if (!place.model || !place.lastFeeds) {
      place.say('Run the model first: a profile repeats its last run.');
      return undefined;
    }
    button.disabled = true;
    place.say('Profiling…');
    try {
      const measured = await place.engine.profile(place.name, place.lastFeeds, runs);
      const report = await place.engine.report(place.name);
      const explanations = await place.engine.explain(place.name);
      results.replaceChildren(
        ...(await profileViews(place, measured, report)),
        algorithmsView(place, measured, explanations, profile),
        layersTable(measured),
      );
      place.say(
        `GPU time of the layers: ${formatMs(measured.gpuMs)}; of a whole run: ${formatMs(measured.wholeMs)} (medians of ${runs}). ` +
          `Timed one by one; what a pass of its own costs here, ${formatMs(measured.passCostMs)}, is taken off each dispatch.`,
      );
      lastMs = measured.gpuMs;
      return measured;
    } catch (error) {
      place.fail(error);
      return undefined;
    } finally {
      button.disabled = false;
    }
  }

  async function tune(): Promise<void> {
    if (!place.lastFeeds) {
      place.say('Run the model first: kernels are timed for the sizes of its last run.');
      return;
    }
    tuneButton.disabled = true;
    try {
      const say = (done: number, total: number) => place.say(`Timing kernels, ${done} of ${total}…`);
      await place.engine.tune(place.name, place.lastFeeds, tuneSeconds, proxy(say));
      const before = lastMs;
      const after = (await profile())?.gpuMs;
      if (before !== undefined && after !== undefined) {
        place.say(`Tuned, and kept for the next visit: ${formatMs(before)} before, ${formatMs(after)} now.`);
      }
    } catch (error) {
      place.fail(error);
    } finally {
      tuneButton.disabled = false;
    }
  }

  return h(
    'section',
    { class: 'card', 'aria-labelledby': `profile-${place.name}` },
    h('h2', { id: `profile-${place.name}` }, 'Where the time goes'),
    h('p', { class: 'controls' }, button, tuneButton),
    results,
  );
}

async function profileViews(place: Place, profile: Profile, report: SessionReport): Promise<HTMLElement[]> {
  const { chromeTrace, memoryChart, rankingChart, rooflineChart, timelineChart } = await charts();
  const limits = await place.engine.ceilings();
  const options = { width: Math.min(1000, Math.max(320, document.body.clientWidth - 64)) };
  const section = (title: string, chart: Element) => h('div', { class: 'chart' }, h('h3', {}, title), chart);
  const json = (value: unknown) => new Blob([JSON.stringify(value, null, 1)], { type: 'application/json' });
  const trace = () => offerDownload(`${place.name}-trace.json`, json(chromeTrace(profile, place.name)));
  const data = () => offerDownload(`${place.name}-profile.json`, json({ adapter: report.adapter, limits, profile }));
  return [
    h(
      'p',
      { class: 'controls' },
      h('button', { type: 'button', click: trace }, 'Save a Chrome trace'),
      h('button', { type: 'button', click: data }, 'Save as JSON'),
    ),
    section('Timeline of one run', timelineChart(profile, options)),
    section('Slowest layers', rankingChart(profile.layers, { ...options, top: 15 })),
    section('Roofline', rooflineChart(profile.layers, limits, options)),
    ...(report.memory
      ? [section('Memory of the activations', memoryChart(report.memory, report.layers, options))]
      : []),
  ];
}
