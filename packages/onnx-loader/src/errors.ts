/** A file that cannot be read as an ONNX model; the message is one sentence naming the file and what is wrong in it. */
export class OnnxError extends Error {
  override readonly name = 'OnnxError';
}
