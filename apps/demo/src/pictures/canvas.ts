import type { Planes } from './resample.js';

/** Decodes a picture file or address into planes; the longer side is brought down to `longest` pixels. */
export async function readPicture(source: Blob | string, longest = 1024): Promise<Planes> {
  const blob = typeof source === 'string' ? await (await fetch(source)).blob() : source;
  const bitmap = await createImageBitmap(blob).catch(() => {
    throw new Error('the file is not a picture that this browser can read; PNG, JPEG and WebP are');
  });
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const planes = fromBitmap(bitmap, width, height);
  bitmap.close();
  return planes;
}

/** Whatever a canvas can draw, as planes of the size asked for; transparency lies on white. */
export function fromBitmap(source: CanvasImageSource, width: number, height: number): Planes {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = 'white';
  context.fillRect(0, 0, width, height);
  context.drawImage(source, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const planes = [0, 1, 2].map((channel) => {
    const plane = new Float32Array(width * height);
    for (let i = 0; i < plane.length; i++) plane[i] = data[4 * i + channel] / 255;
    return plane;
  });
  return { width, height, planes };
}

/** Draws planes (one: grey; three: colours) onto a canvas, which takes their size. */
export function paint(canvas: HTMLCanvasElement, { width, height, planes }: Planes): void {
  canvas.width = width;
  canvas.height = height;
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) {
      pixels.data[4 * i + channel] = (planes[planes.length === 3 ? channel : 0][i] ?? 0) * 255 + 0.5;
    }
    pixels.data[4 * i + 3] = 255;
  }
  canvas.getContext('2d')!.putImageData(pixels, 0, 0);
}
