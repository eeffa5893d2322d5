// Reads the message that pack.py writes: a JSON header and raw arrays.

const VIEWS = {
  f4: Float32Array,
  f8: Float64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  i4: Int32Array,
};
const HOLE = 65535; // a quantised value that is not finite

/**
 * The header with every array reference replaced by `{data, shape}`.
 * @param {Uint8Array} bytes the message; it may start anywhere in its buffer
 * @returns {object}
 */
export function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const start = 4 + length;

  const array = (ref) => {
    const View = VIEWS[ref.dtype];
    if (!View) throw new Error(`unknown dtype ${ref.dtype}`);
    const count = ref.shape.reduce((a, b) => a * b, 1);
    const from = start + ref.offset;
    const size = count * View.BYTES_PER_ELEMENT;
    if (from + size > bytes.byteLength) throw new Error("the message is cut short");
    const offset = bytes.byteOffset + from;
    // typed arrays must start at a multiple of their element size; a copy always does
    const stored =
      offset % View.BYTES_PER_ELEMENT === 0
        ? new View(bytes.buffer, offset, count)
        : new View(bytes.slice(from, from + size).buffer);
    return { data: "scale" in ref ? restored(stored, ref) : stored, shape: ref.shape };
  };
  const restore = (value) => {
    if (Array.isArray(value)) return value.map(restore);
    if (value === null || typeof value !== "object") return value;
    if ("offset" in value && "dtype" in value && "shape" in value) return array(value);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, restore(item)]));
  };
  return restore(header);
}

function restored(stored, { scale, bias }) {
  const values = new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++)
    values[i] = stored[i] === HOLE ? NaN : bias + scale * stored[i];
  return values;
}

/**
 * Bytes of a base64 text.
 * @param {string} text
 * @returns {Uint8Array}
 */
export function fromBase64(text) {
  const raw = atob(text.replace(/\s+/g, ""));
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}
