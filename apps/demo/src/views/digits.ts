import { h } from '../dom.js';
import { formatMs } from '../format.js';
import { fromBitmap } from '../pictures/canvas.js';
import { digitSize } from '../pictures/digit.js';
import type { Place } from '../place.js';
import { softmax } from '../softmax.js';
import { digitAnswer } from './digit-answer.js';
import { digitPad } from './digit-pad.js';

const digitsModel = new URL('../../../../examples/digits/digits.onnx', import.meta.url).href;

const samples = import.meta.glob<string>('../../../../examples/digits/digit-*.png', {
  query: '?url',
  import: 'default',
  eager: true,
});

/** Reads pictures one after another; of those that come meanwhile only the newest. */
function digitReader(place: Place, show: (probabilities: readonly number[]) => void) {
  let ready: Promise<boolean> | undefined;
  let busy = false;
  let waiting: Float32Array | undefined;
  const load = () => (ready ??= place.load({ url: digitsModel }, { dims: { N: 1 } }));

  async function read(image: Float32Array): Promise<void> {
    if (busy) {
      waiting = image;
      return;
    }
    busy = true;
    try {
      if (!(await load())) return void (ready = undefined);
      const feeds = { image: { dataType: 'float32', dims: [1, 1, digitSize, digitSize], data: image } } as const;
      const result = await place.run(feeds);
      if (result) {
        show(softmax(result.outputs.scores.data as Float32Array));
        place.say(`Read in ${formatMs(result.ms)}, from the ink to the answer.`);
      }
    } finally {
      busy = false;
    }
    if (waiting) {
      const next = waiting;
      waiting = undefined;
      await read(next);
    }
  }
  return { load, read };
}

/** Draw a digit, or take one that was held out in training, and see what the network reads. */
export function digitsView(place: Place): HTMLElement {
  const answer = digitAnswer();
  const { load, read } = digitReader(place, (probabilities) => answer.show(probabilities));
  const pad = digitPad((image) => void read(image));

  function clear(): void {
    pad.clear();
    answer.clear();
    place.say('');
  }

  async function readSample(url: string): Promise<void> {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    clear();
    const { planes } = fromBitmap(bitmap, digitSize, digitSize);
    pad.paint(planes[0]);
    await read(planes[0]);
  }

  const examples = Object.entries(samples).map(([path, url]) => {
    const digit = /digit-(\d)/.exec(path)?.[1] ?? '?';
    const picture = h('img', { src: url, alt: '', width: 32, height: 32 });
    return h(
      'button',
      { type: 'button', 'aria-label': `Read an example of ${digit}`, click: () => void readSample(url) },
      picture,
    );
  });

  void load().then((loaded) => loaded && place.say('Draw a digit.'));
  return h(
    'div',
    { class: 'digits' },
    h('div', {}, pad.element, h('p', {}, h('button', { type: 'button', click: clear }, 'Clear'))),
    answer.element,
    h('div', { class: 'examples', role: 'group', 'aria-label': 'Digits held out in training' }, ...examples),
  );
}
