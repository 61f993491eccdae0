import { h } from '../dom.js';
import { formatMs } from '../format.js';
import { paint, readPicture } from '../pictures/canvas.js';
import { psnr, resampleCubic, type Planes } from '../pictures/resample.js';
import { toPlanes, toTensor } from '../pictures/tensors.js';
import type { Place } from '../place.js';

const upscalerModel = new URL('../../../../examples/upscaler/upscaler.onnx', import.meta.url).href;
const coffee = new URL('../../../../examples/upscaler/coffee.png', import.meta.url).href;

/** Longest side of a picture that is halved and upscaled again. */
const longest = 640;

interface Figure {
  readonly element: HTMLElement;
  show(picture: Planes, caption: string): void;
  clear(caption: string): void;
}

function figure(title: string): Figure {
  const canvas = h('canvas', { width: 320, height: 256, role: 'img', 'aria-label': title });
  const caption = h('span', {}, '');
  return {
    element: h('figure', {}, canvas, h('figcaption', {}, h('strong', {}, title), ' ', caption)),
    show(picture, text) {
      paint(canvas, picture);
      caption.textContent = text;
    },
    clear(text) {
      canvas.getContext('2d')!.clearRect(0, 0, canvas.width, canvas.height);
      caption.textContent = text;
    },
  };
}

/** Pictures whose sides are even, so that half of each is a whole number of pixels. */
function evenPart({ width, height, planes }: Planes): Planes {
  const [w, h2] = [width - (width % 2), height - (height % 2)];
  const cut = planes.map((plane) =>
    Float32Array.from({ length: w * h2 }, (_, i) => plane[Math.floor(i / w) * width + (i % w)]),
  );
  return { width: w, height: h2, planes: cut };
}

/** Halves a picture, doubles it again by bicubic interpolation and by the network, and compares both with it. */
export function upscaleView(place: Place): HTMLElement {
  const before = figure('Bicubic');
  const after = figure('Network');
  const truth = figure('Original');

  let ready: Promise<boolean> | undefined;
  const load = () => (ready ??= place.load({ url: upscalerModel }));

  async function show(source: Blob | string): Promise<void> {
    try {
      const original = evenPart(await readPicture(source, longest));
      const { width, height } = original;
      const half = resampleCubic(original, width / 2, height / 2);
      const bicubic = resampleCubic(half, width, height);
      truth.show(original, `${width}×${height}, halved to ${width / 2}×${height / 2}`);
      before.show(bicubic, `${psnr(bicubic, original).toFixed(2)} dB PSNR`);
      after.clear('');
      if (!(await load())) return void (ready = undefined);
      const result = await place.run({ image: toTensor(half) });
      if (!result) return;
      const upscaled = toPlanes(result.outputs.upscaled);
      after.show(upscaled, `${psnr(upscaled, original).toFixed(2)} dB PSNR`);
      place.say(`Upscaled in ${formatMs(result.ms)}.`);
    } catch (error) {
      place.fail(error);
    }
  }

  const file = h('input', {
    type: 'file',
    accept: 'image/*',
    change: () => {
      const chosen = file.files?.[0];
      if (chosen) void show(chosen);
    },
  });
  return h(
    'div',
    { class: 'upscale' },
    h(
      'p',
      { class: 'controls' },
      h('button', { type: 'button', click: () => void show(coffee) }, 'Upscale the example'),
      h('label', {}, 'or a picture of yours: ', file),
    ),
    h('div', { class: 'figures' }, before.element, after.element, truth.element),
  );
}
