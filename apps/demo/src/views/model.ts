import { h } from '../dom.js';
import { formatBytes, formatMs } from '../format.js';
import { sortFiles } from '../model/files.js';
import { inputControl, type InputControl } from '../model/inputs.js';
import { outputsView } from '../model/outputs.js';
import { readPicture } from '../pictures/canvas.js';
import type { Place } from '../place.js';

/** Where files are dropped or chosen. */
function dropZone(onFiles: (files: readonly File[]) => void): HTMLElement {
  const choose = h('input', { type: 'file', multiple: true, id: 'model-files', 'aria-describedby': 'drop-hint' });
  const zone = h(
    'div',
    { class: 'drop' },
    h('label', { for: 'model-files' }, 'Drop an ONNX model here, or choose its files'),
    choose,
    h(
      'p',
      { id: 'drop-hint', class: 'quiet' },
      'External data, a list of labels and pictures may come along. Nothing leaves this machine.',
    ),
  );
  choose.addEventListener('change', () => onFiles([...(choose.files ?? [])]));
  zone.addEventListener('dragover', (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
  zone.addEventListener('dragleave', () => zone.classList.remove('over'));
  zone.addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
  return zone;
}

/** Any model by drag and drop, with its external data, labels and pictures; inputs from files, pictures, camera or random. */
export function modelView(place: Place): HTMLElement {
  let labels: readonly string[] | undefined;
  let inputs: readonly InputControl[] = [];
  const about = h('p', { class: 'quiet' }, '');
  const form = h('div', { class: 'inputs' });
  const sizes = h('div', { class: 'sizes' });
  const results = h('div', {});
  const runButton = h('button', { type: 'button', class: 'primary', disabled: true, click: () => void run() }, 'Run');

  function sizesNow(): Record<string, number> {
    const fields = [...sizes.querySelectorAll('input')];
    return Object.fromEntries(fields.filter((f) => f.value !== '').map((f) => [f.name, Number(f.value)]));
  }

  async function take(files: readonly File[]): Promise<void> {
    if (files.length === 0) return;
    try {
      const { model, labels: given, pictures } = await sortFiles(files);
      labels = given ?? (model ? undefined : labels);
      if (model) {
        runButton.disabled = true;
        if (!(await place.load(model.source))) return;
        showModel(model.name);
      }
      if (pictures.length > 0) await givePicture(pictures[0]);
      if (place.model) place.say('Ready to run.');
    } catch (error) {
      place.fail(error);
    }
  }

  async function givePicture(file: File): Promise<void> {
    const picture = await readPicture(file);
    if (!inputs.some((input) => input.takePicture(picture))) {
      throw new Error('there is no loaded model with an input that takes a picture: one of shape N×1×H×W or N×3×H×W');
    }
  }

  function showModel(name: string): void {
    const { report, inputs: metadata } = place.model!;
    const opsets = Object.entries(report.opsets).map(([domain, version]) => `${domain} ${version}`);
    about.textContent = `${name}: ${opsets.join(', ')}${report.producer ? `, by ${report.producer}` : ''}; weights of ${formatBytes(report.weightBytes)}`;
    const symbols = new Set(
      metadata.flatMap(({ dims }) => dims ?? []).filter((d): d is string => typeof d === 'string'),
    );
    sizes.replaceChildren(
      ...[...symbols].map((name) =>
        h('label', {}, `${name} `, h('input', { type: 'number', min: 1, name, placeholder: 'default' })),
      ),
    );
    inputs = metadata.map((input) => inputControl(input, sizesNow, (error) => place.fail(error)));
    form.replaceChildren(...inputs.map(({ element }) => element));
    results.replaceChildren();
    runButton.disabled = false;
  }

  async function run(): Promise<void> {
    runButton.disabled = true;
    place.say('Running…');
    try {
      const tensors = await Promise.all(inputs.map((input) => input.tensor()));
      const feeds = Object.fromEntries(place.model!.inputs.map(({ name }, i) => [name, tensors[i]]));
      const result = await place.run(feeds);
      if (!result) return;
      const { picture } = inputs.find((input) => input.picture !== undefined) ?? {};
      results.replaceChildren(outputsView(result.outputs, picture, labels));
      place.say(`Ran in ${formatMs(result.ms)}.`);
    } catch (error) {
      place.fail(error);
    } finally {
      runButton.disabled = false;
    }
  }

  const zone = dropZone((files) => void take(files));
  return h('div', { class: 'model' }, zone, about, sizes, form, h('p', {}, runButton), results);
}
