import { h } from '../dom.js';
import { formatMs } from '../format.js';
import { fromBitmap } from '../pictures/canvas.js';
import { digitFromInk, digitSize } from '../pictures/digit.js';
import type { Place } from '../place.js';
import { softmax } from '../softmax.js';

const digitsModel = new URL('../../../../examples/digits/digits.onnx', import.meta.url).href;

const samples = import.meta.glob<string>('../../../../examples/digits/digit-*.png', {
  query: '?url',
  import: 'default',
  eager: true,
});

const canvasSize = 256;
const penWidth = 26;

/** Draw a digit, or take one that was held out in training, and see what the network reads. */
export function digitsView(place: Place): HTMLElement {
  const canvas = h('canvas', {
    width: canvasSize,
    height: canvasSize,
    class: 'pad',
    role: 'img',
    'aria-label': 'Drawing area: draw a digit with mouse, pen or finger; the examples beside it work by keyboard',
  });
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const answer = h('output', { class: 'answer', 'aria-live': 'polite' }, '–');
  const bars = Array.from({ length: 10 }, (_, digit) => {
    const meter = h('meter', { min: 0, max: 1, value: 0, 'aria-label': `Probability of ${digit}` });
    const share = h('span', { class: 'share' }, '');
    return { meter, share, row: h('li', {}, h('span', {}, String(digit)), meter, share) };
  });

  let ready: Promise<boolean> | undefined;
  const load = () => (ready ??= place.load({ url: digitsModel }, { dims: { N: 1 } }));
  let busy = false;
  let waiting: Float32Array | undefined;

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
      if (result) show(softmax(result.outputs.scores.data as Float32Array), result.ms);
    } finally {
      busy = false;
    }
    if (waiting) {
      const next = waiting;
      waiting = undefined;
      await read(next);
    }
  }

  function show(probabilities: readonly number[], ms: number): void {
    const best = probabilities.indexOf(Math.max(...probabilities));
    answer.textContent = String(best);
    bars.forEach(({ meter, share, row }, digit) => {
      meter.value = probabilities[digit];
      share.textContent = `${(100 * probabilities[digit]).toFixed(1)} %`;
      row.classList.toggle('best', digit === best);
    });
    place.say(`Read in ${formatMs(ms)}, from the ink to the answer.`);
  }

  function readInk(): void {
    const image = digitFromInk(context.getImageData(0, 0, canvasSize, canvasSize));
    if (image) void read(image);
  }

  function clear(): void {
    context.clearRect(0, 0, canvasSize, canvasSize);
    answer.textContent = '–';
    for (const { meter, share, row } of bars) {
      meter.value = 0;
      share.textContent = '';
      row.classList.remove('best');
    }
    place.say('');
  }

  const at = (event: PointerEvent): readonly [number, number] => {
    const scale = canvasSize / canvas.clientWidth;
    return [event.offsetX * scale, event.offsetY * scale];
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    context.lineWidth = penWidth;
    context.lineCap = context.lineJoin = 'round';
    context.strokeStyle = getComputedStyle(canvas).color;
    context.beginPath();
    context.moveTo(...at(event));
    context.lineTo(...at(event));
    context.stroke();
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    context.lineTo(...at(event));
    context.stroke();
    readInk();
  });
  canvas.addEventListener('pointerup', readInk);

  async function readSample(url: string): Promise<void> {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    clear();
    const { planes } = fromBitmap(bitmap, digitSize, digitSize);
    context.imageSmoothingEnabled = false;
    context.fillStyle = getComputedStyle(canvas).color;
    const square = canvasSize / digitSize;
    planes[0].forEach((grey, i) => {
      context.globalAlpha = grey;
      context.fillRect((i % digitSize) * square, Math.floor(i / digitSize) * square, square, square);
    });
    context.globalAlpha = 1;
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
    h('div', {}, canvas, h('p', {}, h('button', { type: 'button', click: clear }, 'Clear'))),
    h('div', {}, answer, h('ol', { class: 'bars', 'aria-label': 'Probabilities' }, ...bars.map(({ row }) => row))),
    h('div', { class: 'examples', role: 'group', 'aria-label': 'Digits held out in training' }, ...examples),
  );
}
