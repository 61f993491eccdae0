import type { PlotOptions } from '@observablehq/plot';
import { categories, categoryOf, type Category } from './categories.js';
import { defaultWidth, type ChartOptions } from './types.js';

/** Told apart by people who see colours differently, on light and on dark. */
const colours: Readonly<Record<Category, string>> = {
  Convolution: '#4269d0',
  'Matrix product': '#efb118',
  'Normalization and reduction': '#a463f2',
  Pooling: '#3ca951',
  Elementwise: '#ff725c',
  'Data movement': '#9498a0',
};

/** Of what the host does. */
export const hostColour = '#6cc5b0';

/** Ink that is read on a fill of these colours: white on the dark ones. */
export function inkOn(category: Category): string {
  const fill = colours[category];
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(fill.slice(at, at + 2), 16));
  return 0.299 * red + 0.587 * green + 0.114 * blue < 140 ? '#ffffff' : '#14171b';
}

/** The kinds among operators, in the order of `categories`. */
function present(opTypes: readonly string[]): Category[] {
  const found = new Set(opTypes.map(categoryOf));
  return categories.filter((category) => found.has(category));
}

/** What all charts share: size, fonts, and a colour for each kind of operator. */
export function chartOptions(options: ChartOptions, opTypes: readonly string[]): PlotOptions {
  const domain = present(opTypes);
  return {
    document: options.document,
    width: options.width ?? defaultWidth,
    color: {
      type: 'categorical',
      domain,
      range: domain.map((category) => colours[category]),
      legend: options.legend ?? true,
    },
    style: { background: 'transparent', color: 'currentColor', fontFamily: 'inherit', fontSize: '12px' },
  };
}

/** The kinds of operators among the layers, with their colours: one legend for several charts. */
export function legend(opTypes: readonly string[]): HTMLElement {
  const list = document.createElement('ul');
  list.className = 'legend';
  for (const category of present(opTypes)) {
    const item = document.createElement('li');
    const swatch = document.createElement('span');
    swatch.style.background = colours[category];
    item.append(swatch, category);
    list.append(item);
  }
  return list;
}
