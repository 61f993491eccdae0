import { h } from '../dom.js';
import type { Tensor, ValueMetadata } from '../engine/messages.js';
import { formatShape } from '../format.js';
import { captureCamera } from '../pictures/camera.js';
import { readPicture } from '../pictures/canvas.js';
import type { Planes } from '../pictures/resample.js';
import { normalizations, pictureTensor } from './normalize.js';
import { readNpy } from './npy.js';
import { randomTensor } from './random.js';

/** Where one input of a model comes from, as chosen on the page. */
export interface InputControl {
  readonly element: HTMLElement;
  /** Takes a picture, where the input can hold one. */
  takePicture(picture: Planes): boolean;
  /** The picture that the input was last made from. */
  readonly picture: Planes | undefined;
  tensor(): Promise<Tensor>;
}

const defaultSide = 224;

/** The sizes of an input: those of the model, `sizes` for symbols, 1 for the batch and 224 for the sides of a picture elsewhere. */
export function concreteDims(
  dims: NonNullable<ValueMetadata['dims']>,
  sizes: Readonly<Record<string, number>>,
): number[] {
  return dims.map((dim, axis) =>
    typeof dim === 'number' ? dim : (sizes[dim] ?? (dims.length === 4 && axis >= 2 ? defaultSide : 1)),
  );
}

function holdsPicture({ dataType, dims }: ValueMetadata): boolean {
  return dataType === 'float32' && dims?.length === 4 && (dims[1] === 1 || dims[1] === 3);
}

export function inputControl(
  input: ValueMetadata,
  sizes: () => Readonly<Record<string, number>>,
  onError: (error: unknown) => void,
): InputControl {
  const isPicture = holdsPicture(input);
  let picture: Planes | undefined;
  let array: Tensor | undefined;

  const option = (value: string, text: string) => h('option', { value }, text);
  const kind = h(
    'select',
    { 'aria-label': `Source of ${input.name}` },
    option('random', 'random numbers'),
    isPicture && option('picture', 'a picture'),
    isPicture && option('camera', 'the camera'),
    option('array', 'an .npy file'),
  );
  const style = h(
    'select',
    { 'aria-label': 'Range of its values' },
    ...normalizations.map(({ title }, i) => option(String(i), title)),
  );
  const file = h('input', { type: 'file', 'aria-label': `File for ${input.name}` });
  const name = h('span', { class: 'quiet' }, '');

  function update(): void {
    file.hidden = kind.value !== 'picture' && kind.value !== 'array';
    file.accept = kind.value === 'picture' ? 'image/*' : '.npy';
    style.hidden = kind.value !== 'picture' && kind.value !== 'camera';
  }
  kind.addEventListener('change', () => {
    name.textContent = '';
    update();
  });
  file.addEventListener('change', () => void take(file.files?.[0]).catch(onError));
  async function take(chosen: File | undefined): Promise<void> {
    if (!chosen) return;
    if (kind.value === 'picture') picture = await readPicture(chosen);
    else array = await readNpy(chosen);
  }
  update();

  return {
    element: h(
      'div',
      { class: 'input' },
      h('strong', {}, input.name),
      ` ${input.dataType} ${input.dims ? formatShape(input.dims) : ''} `,
      kind,
      ' ',
      file,
      style,
      name,
    ),
    takePicture(given) {
      if (!isPicture) return false;
      picture = given;
      kind.value = 'picture';
      name.textContent = `${given.width}×${given.height} pixels`;
      update();
      return true;
    },
    get picture() {
      return kind.value === 'picture' || kind.value === 'camera' ? picture : undefined;
    },
    async tensor() {
      const dims = concreteDims(input.dims ?? [], sizes());
      switch (kind.value) {
        case 'array':
          if (!array) throw new Error(`choose an .npy file for ${input.name}`);
          return array;
        case 'camera':
          picture = await captureCamera();
          return pictureTensor(picture, dims[1], dims[2], dims[3], normalizations[Number(style.value)]);
        case 'picture':
          if (!picture) throw new Error(`choose a picture for ${input.name}`);
          return pictureTensor(picture, dims[1], dims[2], dims[3], normalizations[Number(style.value)]);
        default:
          return randomTensor(input, dims, 1);
      }
    },
  };
}
