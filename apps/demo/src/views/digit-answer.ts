import { h } from '../dom.js';

/** The digit that was read, and the probability of each. */
export interface DigitAnswer {
  readonly element: HTMLElement;
  show(probabilities: readonly number[]): void;
  clear(): void;
}

export function digitAnswer(): DigitAnswer {
  const best = h('output', { class: 'answer', 'aria-live': 'polite' }, '–');
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const meter = h('meter', { min: 0, max: 1, value: 0, 'aria-label': `Probability of ${digit}` });
    const share = h('span', { class: 'share' }, '');
    return { meter, share, row: h('li', {}, h('span', {}, String(digit)), meter, share) };
  });
  const rows = bars.map(({ row }) => row);
  return {
    element: h('div', {}, best, h('ol', { class: 'bars', 'aria-label': 'Probabilities' }, ...rows)),
    show(probabilities) {
      const largest = probabilities.indexOf(Math.max(...probabilities));
      best.textContent = String(largest);
      bars.forEach(({ meter, share, row }, digit) => {
        meter.value = probabilities[digit];
        share.textContent = `${(100 * probabilities[digit]).toFixed(1)} %`;
        row.classList.toggle('best', digit === largest);
      });
    },
    clear() {
      best.textContent = '–';
      for (const { meter, share, row } of bars) {
        meter.value = 0;
        share.textContent = '';
        row.classList.remove('best');
      }
    },
  };
}
