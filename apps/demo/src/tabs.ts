import { h } from './dom.js';

export interface Tab {
  readonly id: string;
  readonly title: string;
  /** Made when the tab is first shown. */
  content(): HTMLElement;
}

/** Tabs by the ARIA pattern: arrow keys move between them. The address's fragment names the tab shown. */
export function tabs(label: string, entries: readonly Tab[]): HTMLElement {
  const panels = entries.map(({ id }) =>
    h('div', { role: 'tabpanel', id: `panel-${id}`, 'aria-labelledby': `tab-${id}`, hidden: true }),
  );
  const buttons = entries.map(({ id, title }, i) =>
    h(
      'button',
      { type: 'button', role: 'tab', id: `tab-${id}`, 'aria-controls': `panel-${id}`, click: () => select(i) },
      title,
    ),
  );
  function select(chosen: number): void {
    entries.forEach(({ content }, i) => {
      const isChosen = i === chosen;
      buttons[i].setAttribute('aria-selected', String(isChosen));
      buttons[i].tabIndex = isChosen ? 0 : -1;
      panels[i].hidden = !isChosen;
      if (isChosen && panels[i].childElementCount === 0) panels[i].append(content());
    });
    history.replaceState(null, '', `#${entries[chosen].id}`);
  }
  const list = h('div', { role: 'tablist', 'aria-label': label }, ...buttons);
  list.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = (buttons.indexOf(event.target as HTMLButtonElement) + step + buttons.length) % buttons.length;
    select(next);
    buttons[next].focus();
  });
  const named = entries.findIndex(({ id }) => `#${id}` === location.hash);
  select(Math.max(0, named));
  return h('div', {}, list, ...panels);
}
