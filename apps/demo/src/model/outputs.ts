import { h, offerDownload } from '../dom.js';
import type { Tensor, Tensors } from '../engine/messages.js';
import { formatShape, threeDigits } from '../format.js';
import { paint } from '../pictures/canvas.js';
import type { Planes } from '../pictures/resample.js';
import { toPlanes } from '../pictures/tensors.js';
import { softmax } from '../softmax.js';
import { findBoxes, type Box } from './boxes.js';
import { writeNpy } from './npy.js';

const topClasses = 5;

/** Least, greatest and mean value; of the 16-bit floats their bits. */
function statistics({ data }: Tensor): string {
  let [least, most, sum, odd] = [Infinity, -Infinity, 0, 0];
  for (const value of data) {
    const number = Number(value);
    if (!Number.isFinite(number)) odd += 1;
    least = Math.min(least, number);
    most = Math.max(most, number);
    sum += number;
  }
  const range = `${threeDigits(least)} to ${threeDigits(most)}, mean ${threeDigits(sum / data.length)}`;
  return odd > 0 ? `${range}, ${odd} not finite` : range;
}

/** What a model gave: its boxes, classes or picture where the shapes look like these, and always the numbers' range. */
export function outputsView(
  outputs: Tensors,
  picture: Planes | undefined,
  labels: readonly string[] | undefined,
): HTMLElement {
  const boxes = findBoxes(outputs);
  const rows = Object.entries(outputs).map(([name, tensor]) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row' }, name),
      h('td', {}, tensor.dataType),
      h('td', {}, formatShape(tensor.dims)),
      h('td', {}, tensor.data.length > 0 ? statistics(tensor) : 'empty'),
      h('td', {}, saveButton(name, tensor)),
    ),
  );
  const head = ['Output', 'Type', 'Shape', 'Values', 'File'].map((text) => h('th', { scope: 'col' }, text));
  return h(
    'div',
    { class: 'outputs' },
    boxes && boxesView(boxes, picture, labels),
    ...Object.values(outputs).map((tensor) => classesView(tensor, labels) ?? pictureView(tensor)),
    h('table', {}, h('thead', {}, h('tr', {}, ...head)), h('tbody', {}, ...rows)),
  );
}

function saveButton(name: string, tensor: Tensor): HTMLElement | undefined {
  const file = writeNpy(tensor);
  const fileName = `${name.replaceAll(/[^A-Za-z0-9._-]/g, '_')}.npy`;
  return file && h('button', { type: 'button', click: () => offerDownload(fileName, file) }, 'Save .npy');
}

function classesView({ dataType, dims, data }: Tensor, labels: readonly string[] | undefined): HTMLElement | undefined {
  const isClasses = dataType === 'float32' && dims[0] === 1 && dims[1] > 1 && dims.slice(2).every((d) => d === 1);
  if (!isClasses) return undefined;
  const best = softmax(data as Float32Array)
    .map((share, index) => ({ share, index }))
    .sort((a, b) => b.share - a.share)
    .slice(0, topClasses);
  const items = best.map(({ share, index }) =>
    h('li', {}, `${labels?.[index] ?? `class ${index}`}: ${(100 * share).toFixed(1)} %`),
  );
  return h('ol', { 'aria-label': 'Likeliest classes' }, ...items);
}

function pictureView({ dataType, dims, ...rest }: Tensor): HTMLElement | undefined {
  const isPicture = dataType === 'float32' && dims.length === 4 && (dims[1] === 1 || dims[1] === 3) && dims[2] > 15;
  if (!isPicture) return undefined;
  const canvas = h('canvas', { role: 'img', 'aria-label': 'The output as a picture', class: 'wide' });
  paint(canvas, toPlanes({ dataType, dims, ...rest }));
  return canvas;
}

function boxesView(
  boxes: readonly Box[],
  picture: Planes | undefined,
  labels: readonly string[] | undefined,
): HTMLElement {
  const canvas = h('canvas', { role: 'img', 'aria-label': 'The picture with what was found', class: 'wide' });
  const nameOf = ({ label }: Box) => labels?.[label] ?? `class ${label}`;
  if (picture) {
    paint(canvas, picture);
    const context = canvas.getContext('2d')!;
    const { width, height } = picture;
    context.lineWidth = Math.max(2, width / 200);
    context.font = `${Math.max(12, width / 40)}px system-ui, sans-serif`;
    for (const box of boxes) {
      context.strokeStyle = context.fillStyle = '#ff3d81';
      const [x, y] = [box.left * width, box.top * height];
      context.strokeRect(x, y, (box.right - box.left) * width, (box.bottom - box.top) * height);
      context.fillText(`${nameOf(box)} ${box.score.toFixed(2)}`, Math.max(2, x), Math.max(14, y - 4));
    }
  }
  const items = boxes.map((box) => {
    const corners = [box.left, box.top, box.right, box.bottom].map((v) => v.toFixed(2));
    return h(
      'li',
      {},
      `${nameOf(box)} ${box.score.toFixed(2)} (${corners[0]}, ${corners[1]}) to (${corners[2]}, ${corners[3]})`,
    );
  });
  const list = items.length > 0 ? h('ul', { 'aria-label': 'Boxes' }, ...items) : h('p', {}, 'Nothing was found.');
  return h('div', {}, picture && canvas, list);
}
