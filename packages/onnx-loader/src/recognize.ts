/** The field tag of ModelProto.ir_version, with which exporters begin. */
const IR_VERSION_TAG = 0x08;

/** Whether the first byte is the one that ONNX files begin with. */
export function beginsAsOnnx(bytes: Uint8Array): boolean {
  return bytes[0] === IR_VERSION_TAG;
}

/** What a file that is not ONNX seems to be, as the rest of "it is ..."; undefined where its first bytes say nothing. */
export function recognizeOther(bytes: Uint8Array): string | undefined {
  if (bytes.byteLength === 0) return 'empty';
  if (beginsAsOnnx(bytes)) return undefined;
  const start = String.fromCharCode(...bytes.subarray(0, 512));
  if (start.startsWith('version https://git-lfs.github.com/spec/')) {
    return "a git-lfs pointer, not the file itself; 'git lfs pull' fetches that";
  }
  const known = signatures.find(({ offset, text }) => start.startsWith(text, offset));
  if (known) return known.what;
  const body = start.replace(/^\u00ef\u00bb\u00bf/, '').trimStart();
  if (/^<(!doctype|html|\?xml|head|body)/i.test(body)) return 'a web page';
  return /^[\t\n\r\x20-\x7e]+$/.test(body) ? 'a text file' : undefined;
}

const signatures: readonly { readonly offset: number; readonly text: string; readonly what: string }[] = [
  { offset: 4, text: 'ORTM', what: 'a model in the ORT format; the ONNX model it was made from is needed' },
  { offset: 4, text: 'TFL3', what: 'a TensorFlow Lite model' },
  { offset: 0, text: 'PK\x03\x04', what: 'a zip archive, as PyTorch saves' },
  { offset: 0, text: '\x1f\x8b', what: 'compressed by gzip' },
  { offset: 0, text: '\x89HDF', what: 'an HDF5 file, as Keras saves' },
  { offset: 0, text: 'GGUF', what: 'a GGUF file' },
  { offset: 8, text: '{"', what: 'a safetensors file' },
];
