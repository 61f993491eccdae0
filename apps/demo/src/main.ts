import { startEngine } from './engine/client.js';
import { errorCode } from './engine/errors.js';
import { h } from './dom.js';
import { adapterNotices, failureText } from './notices.js';
import { Place } from './place.js';
import { profilePanel } from './profile/panel.js';
import { tabs } from './tabs.js';
import { digitsView } from './views/digits.js';
import { modelView } from './views/model.js';
import { upscaleView } from './views/upscale.js';

const engine = startEngine();
const adapter = h('p', { class: 'lead' }, 'Looking for a GPU…');
const notices = h('ul', { class: 'notices' });

async function describeAdapter(): Promise<void> {
  try {
    const report = await engine.adapter();
    adapter.textContent = `Running on ${report.name}.`;
    notices.replaceChildren(...adapterNotices(report).map((text) => h('li', {}, text)));
  } catch (error) {
    adapter.textContent = failureText(errorCode(error), error instanceof Error ? error.message : String(error));
  }
}

function tab(id: string, title: string, view: (place: Place) => HTMLElement) {
  const place = new Place(engine, id);
  const content = () =>
    h('div', {}, h('section', { class: 'card' }, view(place), place.status, place.loading), profilePanel(place));
  return { id, title, content };
}

document
  .querySelector('#page')!
  .append(
    h('header', {}, h('h1', {}, 'ONNX on your GPU, in this tab'), adapter, notices),
    tabs('What to run', [
      tab('digits', 'Draw a digit', digitsView),
      tab('upscale', 'Upscale a picture', upscaleView),
      tab('model', 'Your model', modelView),
    ]),
  );
void describeAdapter();
