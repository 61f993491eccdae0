import type { LayerTime, MemoryReport, Profile } from '@tessera/runtime';
import { formatBytes, formatShape, threeDigits } from './format.js';
import { memoryChart } from './memory.js';
import { groupings, rankingChart, rankLayers, type Grouping } from './ranking.js';
import { hasRoofline, rooflineChart } from './roofline.js';
import { legend } from './theme.js';
import { timelineChart } from './timeline.js';
import type { RooflineLimits } from './types.js';

/** What a report shows. */
export interface ReportData {
  readonly title: string;
  /** Facts under the title, in order. */
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly profile: Profile;
  readonly limits?: RooflineLimits;
  readonly memory?: MemoryReport;
}

/** Bars of the ranking before all are asked for. */
const SHOWN_LAYERS = 25;

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** Redraws a chart as wide as there is room, now and whenever that changes. */
function fitted(draw: (width: number) => Element): { readonly host: HTMLElement; readonly redraw: () => void } {
  const host = element('div', 'chart');
  let width = 0;
  const redraw = () => width > 0 && host.replaceChildren(draw(width));
  new ResizeObserver(([entry]) => {
    const next = Math.floor(Math.max(480, entry.contentRect.width));
    if (next === width) return;
    width = next;
    redraw();
  }).observe(host);
  return { host, redraw };
}

/** Buttons of which one is pressed. */
function choice<T extends string>(options: readonly T[], chosen: T, onChoose: (option: T) => void): HTMLElement {
  const group = element('div', 'choice');
  const buttons = options.map((option) => {
    const button = element('button', '', option);
    button.type = 'button';
    button.setAttribute('aria-pressed', String(option === chosen));
    button.addEventListener('click', () => {
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
      onChoose(option);
    });
    return button;
  });
  group.append(...buttons);
  return group;
}

function section(id: string, title: string, text: string, ...children: Node[]): HTMLElement {
  const [controls, ...body] = children;
  const bar = element('header', 'bar', element('h2', '', title), element('p', '', text));
  const isBar = controls instanceof HTMLElement && controls.classList.contains('choice');
  if (isBar) bar.append(controls);
  const made = element('section', '', bar, ...(isBar ? body : children));
  made.id = id;
  return made;
}

function layersSection(layers: readonly LayerTime[]): HTMLElement {
  let grouping: Grouping = 'layer';
  let limit = SHOWN_LAYERS;
  const chart = fitted((width) => rankingChart(layers, { grouping, width, top: limit, legend: false }));
  const more = element('button', '', '');
  const update = () => {
    const count = rankLayers(layers, grouping).length;
    more.hidden = count <= SHOWN_LAYERS;
    more.textContent = limit === Infinity ? `Show the ${SHOWN_LAYERS} slowest` : `Show all ${count}`;
    chart.redraw();
  };
  more.type = 'button';
  more.addEventListener('click', () => {
    limit = limit === Infinity ? SHOWN_LAYERS : Infinity;
    update();
  });
  const groups = choice(groupings, grouping, (next) => {
    grouping = next;
    update();
  });
  update();
  const details = element(
    'details',
    '',
    element('summary', '', 'Table of all layers'),
    element('div', 'scroll', layersTable(layers)),
  );
  return section('layers', 'Layers', 'Median time on the GPU, the slowest first.', groups, chart.host, more, details);
}

function layersTable(layers: readonly LayerTime[]): HTMLTableElement {
  const total = layers.reduce((sum, { ms }) => sum + ms, 0);
  const titles = ['Layer', 'Operator', 'Algorithm', 'Shape', 'Median ms', '%', 'GFLOP', 'TFLOP/s', 'GB/s'];
  const isText = (i: number) => (i < 4 ? 'text' : '');
  const head = element('tr', '', ...titles.map((title, i) => element('th', isText(i), title)));
  const rows = layers.map(({ name, opType, algorithm, shape, ms, flops, bytes }) => {
    const cells = [
      name,
      opType,
      algorithm,
      formatShape(shape),
      threeDigits(ms),
      total > 0 ? ((ms / total) * 100).toFixed(1) : '',
      flops > 0 ? threeDigits(flops / 1e9) : '',
      flops > 0 && ms > 0 ? threeDigits(flops / ms / 1e9) : '',
      bytes > 0 && ms > 0 ? threeDigits(bytes / ms / 1e6) : '',
    ];
    return element('tr', '', ...cells.map((cell, i) => element('td', isText(i), cell)));
  });
  return element('table', '', element('thead', '', head), element('tbody', '', ...rows));
}

function factList({ facts }: ReportData): HTMLElement {
  const pairs = facts.map(({ label, value }) => element('div', '', element('dt', '', label), element('dd', '', value)));
  return element('dl', 'facts', ...pairs);
}

/** Draws a whole report into an element of a page, which gets the class of `reportStyle`. */
export function renderReport(root: HTMLElement, data: ReportData): void {
  root.classList.add('tessera-report');
  const { profile, limits, memory } = data;
  const { layers } = profile;
  const parts: Node[] = [element('h1', '', data.title), factList(data), legend(layers.map(({ opType }) => opType))];
  if (profile.timeline.gpu.length > 0) {
    const text = 'One profiled run. The wheel zooms, dragging pans, a double click shows all.';
    const chart = fitted((width) => timelineChart(profile, { width, legend: false }));
    parts.push(section('timeline', 'Timeline', text, chart.host));
  }
  if (layers.length > 0) parts.push(layersSection(layers));
  if (limits && layers.some(hasRoofline)) {
    const text = 'Each layer under the ceilings measured on this adapter; the larger, the longer it takes.';
    const chart = fitted((width) => rooflineChart(layers, limits, { width, legend: false }));
    parts.push(section('roofline', 'Roofline', text, chart.host));
  }
  if (memory && memory.steps > 0) {
    const { weightBytes, inputBytes, activationBytes } = memory;
    const sizes = `${formatBytes(activationBytes)} of activations beside ${formatBytes(weightBytes)} of weights and ${formatBytes(inputBytes)} of inputs`;
    const text = `Tensors in the buffers they share, and as a line the bytes alive: ${sizes}.`;
    const chart = fitted((width) => memoryChart(memory, layers, { width, legend: false }));
    parts.push(section('memory', 'Memory', text, chart.host));
  }
  root.replaceChildren(...parts);
}
