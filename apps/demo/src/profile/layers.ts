import type { Profile } from '@tessera/runtime/browser';
import { h } from '../dom.js';
import { formatMs, formatShape, threeDigits } from '../format.js';

const columns = ['Layer', 'Operator', 'Algorithm', 'Shape', 'Time', '%', 'GFLOP/s'];

/** Every layer with its time, in a table that opens. */
export function layersTable({ layers, gpuMs }: Profile): HTMLElement {
  const rows = layers.map(({ name, opType, algorithm, shape, ms, flops }) => {
    const share = threeDigits((100 * ms) / gpuMs);
    const rate = flops > 0 ? threeDigits(flops / ms / 1e6) : '';
    const cells = [opType, algorithm, formatShape(shape), formatMs(ms), share, rate];
    return h('tr', {}, h('th', { scope: 'row' }, name), ...cells.map((text) => h('td', {}, text)));
  });
  const head = columns.map((text) => h('th', { scope: 'col' }, text));
  return h(
    'details',
    {},
    h('summary', {}, `All ${layers.length} layers`),
    h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows)),
  );
}
