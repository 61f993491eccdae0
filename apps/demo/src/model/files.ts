import type { ModelSource } from '../engine/messages.js';

/** The files of one model, told apart by their names. */
export interface ModelFiles {
  readonly name: string;
  readonly source: ModelSource;
  /** Class names, one a line, where a text file came along. */
  readonly labels?: readonly string[];
}

const isPicture = (file: File) => file.type.startsWith('image/');
const isText = (file: File) => /\.(txt|names|labels)$/i.test(file.name);

/** Finds among dropped files the model, its external data, its labels, and pictures to run it on. */
export async function sortFiles(
  files: readonly File[],
): Promise<{ readonly model?: ModelFiles; readonly labels?: readonly string[]; readonly pictures: readonly File[] }> {
  const pictures = files.filter(isPicture);
  const text = files.find(isText);
  const labels = text && (await text.text()).split(/\r?\n/).filter((line) => line !== '');
  const onnx = files.filter((file) => /\.onnx$/i.test(file.name));
  if (onnx.length > 1) throw new Error(`drop one model at a time, not ${onnx.map((f) => f.name).join(' and ')}`);
  if (onnx.length === 0) {
    if (pictures.length === 0 && !labels) {
      throw new Error(
        `${files.map((f) => f.name).join(', ')}: none of these is an .onnx model, a picture or a list of labels`,
      );
    }
    return { labels, pictures };
  }
  const data = files.filter((file) => file !== onnx[0] && !isPicture(file) && file !== text);
  const externalData = Object.fromEntries(
    await Promise.all(data.map(async (file) => [file.name, await bytesOf(file)])),
  );
  const source = { bytes: await bytesOf(onnx[0]), externalData };
  return { model: { name: onnx[0].name, source, labels }, labels, pictures };
}

async function bytesOf(file: File): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}
