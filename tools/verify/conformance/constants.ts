// Makes inputs of a serialized model constant, by rewriting its bytes. Field numbers are those of onnx.proto.
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const TENSOR_NAME = 8;
const LENGTH_DELIMITED = 2;

export interface StoredTensor {
  readonly name: string;
  /** A serialized TensorProto. */
  readonly bytes: Uint8Array;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

function readVarint(bytes: Uint8Array, offset: number): { value: number; end: number } {
  let value = 0;
  let end = offset;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[end++];
    value += (byte & 127) * scale;
    if (!(byte & 128)) return { value, end };
  }
}

const lengthDelimited = (field: number, content: Uint8Array) =>
  Buffer.concat([Uint8Array.from([...varint(field * 8 + LENGTH_DELIMITED), ...varint(content.length)]), content]);

/** End of the field's content, which starts at `offset`. */
function endOfField(bytes: Uint8Array, wireType: number, offset: number): number {
  switch (wireType) {
    case 0:
      return readVarint(bytes, offset).end;
    case 1:
      return offset + 8;
    case LENGTH_DELIMITED: {
      const { value, end } = readVarint(bytes, offset);
      return end + value;
    }
    case 5:
      return offset + 4;
    default:
      throw new Error(`a field of the model has the wire type ${wireType}`);
  }
}

/** A tensor's last name counts, so one can be appended. */
function initializer({ name, bytes }: StoredTensor): Buffer {
  return lengthDelimited(GRAPH_INITIALIZER, Buffer.concat([bytes, lengthDelimited(TENSOR_NAME, Buffer.from(name))]));
}

/** The model with these tensors among its graph's initializers: inputs of the same names become constants. */
export function withInitializers(model: Uint8Array, tensors: readonly StoredTensor[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < model.length;) {
    const tag = readVarint(model, at);
    const end = endOfField(model, tag.value & 7, tag.end);
    if (tag.value === MODEL_GRAPH * 8 + LENGTH_DELIMITED) {
      const graph = model.subarray(readVarint(model, tag.end).end, end);
      parts.push(lengthDelimited(MODEL_GRAPH, Buffer.concat([graph, ...tensors.map(initializer)])));
    } else parts.push(model.subarray(at, end));
    at = end;
  }
  return new Uint8Array(Buffer.concat(parts));
}
