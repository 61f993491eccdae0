import * as Plot from '@observablehq/plot';
import type { Profile } from '@tessera/runtime';
import { categoryOf, type Category } from './categories.js';
import { formatMs, shortenedPath } from './format.js';
import { layerText } from './layer-text.js';
import { chartOptions, hostColour, inkOn } from './theme.js';
import { defaultWidth, type ChartOptions } from './types.js';

const lanes = ['Host', 'GPU layers', 'GPU kernels'] as const;
const hostTexts = { upload: 'upload inputs', encode: 'encode and submit', wait: 'wait for the GPU' } as const;

/** A bar of the timeline. `category`: of the layer, on the GPU. */
interface Span {
  readonly lane: (typeof lanes)[number];
  readonly text: string;
  readonly title: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly category?: Category;
}

/** What the host does, each layer's stretches on the GPU, and the kernels in them. */
function spansOf({ timeline, layers }: Profile): Span[] {
  const { host, gpu } = timeline;
  const spans = host.map(({ name, startMs, endMs }): Span => {
    const text = hostTexts[name];
    return { lane: 'Host', text, title: `${text}, ${formatMs(endMs - startMs)}`, startMs, endMs };
  });
  for (let first = 0; first < gpu.length;) {
    let end = first + 1;
    while (end < gpu.length && gpu[end].layer === gpu[first].layer) end++;
    const layer = layers[gpu[first].layer];
    const category = categoryOf(layer.opType);
    const stretch = { startMs: gpu[first].startMs, endMs: gpu[end - 1].endMs };
    spans.push({ lane: 'GPU layers', text: layer.name, title: layerText(layer), category, ...stretch });
    for (const { kernel, startMs, endMs, workgroups } of gpu.slice(first, end)) {
      const title = `${kernel} of ${layer.name}\n${workgroups.join('×')} workgroups, ${formatMs(endMs - startMs)}`;
      spans.push({ lane: 'GPU kernels', text: kernel, title, category, startMs, endMs });
    }
    first = end;
  }
  return spans;
}

const glyphWidth = 6.5;
const [left, right] = [84, 16];

function draw(profile: Profile, spans: readonly Span[], options: ChartOptions, from: number, to: number): Element {
  const room = (options.width ?? defaultWidth) - left - right;
  const visible = spans
    .filter((span) => span.endMs > from && span.startMs < to)
    .map((span) => ({ ...span, x1: Math.max(span.startMs, from), x2: Math.min(span.endMs, to) }));
  const glyphs = ({ x1, x2 }: { x1: number; x2: number }) =>
    Math.floor((((x2 - x1) / (to - from)) * room - 6) / glyphWidth);
  const bar = { x1: 'x1', x2: 'x2', y: 'lane', title: 'title', inset: 0.25, rx: 1.5 };
  const opTypes = profile.layers.map(({ opType }) => opType);
  return Plot.plot({
    ...chartOptions(options, opTypes),
    height: 204,
    marginLeft: left,
    marginRight: right,
    marginTop: 8,
    marginBottom: 46,
    ariaLabel: 'Timeline of one profiled run',
    x: { domain: [from, to], label: 'milliseconds since the run began', labelOffset: 40, grid: true },
    y: { domain: lanes, label: null, padding: 0.18, tickSize: 0 },
    marks: [
      Plot.barX(
        visible.filter(({ category }) => !category),
        { ...bar, fill: hostColour },
      ),
      Plot.barX(
        visible.filter(({ category }) => category),
        { ...bar, fill: 'category' },
      ),
      Plot.text(
        visible.filter((span) => glyphs(span) >= 6),
        {
          x: ({ x1, x2 }) => (x1 + x2) / 2,
          y: 'lane',
          text: (span) => shortenedPath(span.text, glyphs(span)),
          fill: ({ category }) => (category ? inkOn(category) : '#14171b'),
          fontSize: 11,
          pointerEvents: 'none',
        },
      ),
    ],
  });
}

/**
 * One profiled run on a time axis: what the host did, the layers on the GPU and their kernels. In a page the wheel
 * zooms at the pointer, dragging pans, and a double click shows all again.
 */
export function timelineChart(profile: Profile, options: ChartOptions = {}): Element {
  const spans = spansOf(profile);
  const first = Math.min(0, ...spans.map(({ startMs }) => startMs));
  const last = Math.max(first + 1e-6, ...spans.map(({ endMs }) => endMs));
  const host = (options.document ?? document).createElement('div');
  let [from, to] = [first, last];
  const show = (start: number, end: number) => {
    const span = Math.min(last - first, Math.max((last - first) / 5000, end - start));
    from = Math.max(first, Math.min(start, last - span));
    to = from + span;
    host.replaceChildren(draw(profile, spans, options, from, to));
  };
  show(first, last);
  addZoom(host, (options.width ?? defaultWidth) - left - right, {
    range: () => [from, to],
    show,
    reset: () => show(first, last),
  });
  return host;
}

interface View {
  range(): readonly [number, number];
  show(from: number, to: number): void;
  reset(): void;
}

function addZoom(host: HTMLElement, room: number, view: View): void {
  const valueAt = (event: MouseEvent) => {
    const [from, to] = view.range();
    const share = (event.clientX - host.getBoundingClientRect().left - left) / room;
    return from + Math.min(1, Math.max(0, share)) * (to - from);
  };
  const zoom = (event: WheelEvent) => {
    event.preventDefault();
    const [from, to] = view.range();
    const at = valueAt(event);
    const factor = Math.exp(event.deltaY / 400);
    view.show(at - (at - from) * factor, at + (to - at) * factor);
  };
  let grip: number | undefined;
  const pan = (event: PointerEvent) => {
    if (grip === undefined || event.buttons === 0) return;
    const [from, to] = view.range();
    const moved = grip - valueAt(event);
    view.show(from + moved, to + moved);
  };
  host.addEventListener('wheel', zoom, { passive: false });
  host.addEventListener('pointerdown', (event) => (grip = valueAt(event)));
  host.addEventListener('pointermove', pan);
  host.addEventListener('pointerup', () => (grip = undefined));
  host.addEventListener('dblclick', () => view.reset());
}
