import { h } from '../dom.js';
import { digitFromInk, digitSize } from '../pictures/digit.js';

const canvasSize = 256;
const penWidth = 26;

/** A pad to draw a digit on, with mouse, pen or finger. */
export interface DigitPad {
  readonly element: HTMLCanvasElement;
  clear(): void;
  /** Paints a picture of `digitSize` squares a side, from 0 (paper) to 1 (ink). */
  paint(greys: Float32Array): void;
}

/** `onInk` is told of what is drawn as the network reads it, stroke by stroke. */
export function digitPad(onInk: (image: Float32Array) => void): DigitPad {
  const canvas = h('canvas', {
    width: canvasSize,
    height: canvasSize,
    class: 'pad',
    role: 'img',
    'aria-label': 'Drawing area: draw a digit with mouse, pen or finger; the examples beside it work by keyboard',
  });
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const ink = () => getComputedStyle(canvas).color;

  function tell(): void {
    const image = digitFromInk(context.getImageData(0, 0, canvasSize, canvasSize));
    if (image) onInk(image);
  }

  const at = (event: PointerEvent): readonly [number, number] => {
    const scale = canvasSize / canvas.clientWidth;
    return [event.offsetX * scale, event.offsetY * scale];
  };
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId);
    context.lineWidth = penWidth;
    context.lineCap = context.lineJoin = 'round';
    context.strokeStyle = ink();
    context.beginPath();
    context.moveTo(...at(event));
    context.lineTo(...at(event));
    context.stroke();
  });
  canvas.addEventListener('pointermove', (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    context.lineTo(...at(event));
    context.stroke();
    tell();
  });
  canvas.addEventListener('pointerup', tell);

  const clear = () => context.clearRect(0, 0, canvasSize, canvasSize);
  return {
    element: canvas,
    clear,
    paint(greys) {
      clear();
      context.imageSmoothingEnabled = false;
      context.fillStyle = ink();
      const square = canvasSize / digitSize;
      greys.forEach((grey, i) => {
        context.globalAlpha = grey;
        context.fillRect((i % digitSize) * square, Math.floor(i / digitSize) * square, square, square);
      });
      context.globalAlpha = 1;
    },
  };
}
