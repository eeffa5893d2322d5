// The message that Python's pack.py writes: a JSON header and raw arrays.

/**
 * All panels share one playhead over 0 … `num_steps`.
 * @typedef {object} Header
 * @property {number} version of the message's form
 * @property {string} id a message with the same one is not drawn again
 * @property {string} title
 * @property {number} num_steps
 * @property {boolean} live more will come: the playhead stays at the end
 * @property {boolean} autoplay play once when the player opens
 * @property {boolean} [opens_at_end]
 * @property {string[]} [notes] stand under the picture
 * @property {AxisKind[]} [axes] those that there are; a training has them, a race has steps only
 * @property {Member[]} [members] of a training
 * @property {Run[]} runs
 * @property {PanelData[]} panels
 */

/** @typedef {"step" | "epoch" | "sample" | "second"} AxisKind */
/** @typedef {"log" | "linear"} ScaleKind */
/** @typedef {"converged" | "left" | "running" | "stationary" | "diverged" | "escaped"} Outcome */
/** @typedef {[number, number]} Pair x and y, or from and to */
/** @typedef {InstanceType<typeof VIEWS[keyof typeof VIEWS]>} Values */
/** @typedef {{data: Values, shape: number[]}} Table an array, its last axis the innermost */

/**
 * One rule, or seeds that are drawn as one curve.
 * @typedef {object} Run
 * @property {string} label
 * @property {string} color on a light page
 * @property {string} dark_color
 * @property {number[]} dash pixels on, off, …; none: a solid line
 * @property {string} marker
 * @property {boolean} visible to those who have not chosen
 * @property {Outcome | null} outcome
 * @property {number | null} outcome_step where it shows
 * @property {string} [told] the outcome in a sentence
 * @property {string} [word] and in a word
 * @property {string} [note] stands beside its sign
 * @property {[Outcome, number][]} [counts] how many starts ended so, in place of one outcome
 * @property {number | null} [leaves] step after which its loss runs off downwards
 * @property {number} [seeds] how many
 * @property {number[]} [members] their numbers
 */

/**
 * What the axes need to know of one training.
 * @typedef {object} Member
 * @property {string} label
 * @property {number} num_steps done
 * @property {boolean} [diverged]
 * @property {number} [steps_per_epoch] this and what follows from when it has started
 * @property {Samples} [samples]
 * @property {{steps: Table, seconds: Table}} [clock] (k,) both
 */

/**
 * Images in an epoch, and in each step but an epoch's last.
 * @typedef {{epoch: number, batch: number}} Samples
 */

/** @typedef {MapData | CurveData} PanelData */

/**
 * A surface seen from above, with the paths on it.
 * @typedef {object} MapData
 * @property {"map"} kind
 * @property {string} [key]
 * @property {string} title
 * @property {string} xlabel
 * @property {string} ylabel
 * @property {Pair} xlim
 * @property {Pair} ylim
 * @property {Table | null} grid (ny, nx) losses, row 0 at the lowest y; null: no contours
 * @property {number | null} floor the lowest loss, where it is known
 * @property {ScaleKind} levels of the contours
 * @property {Pair[]} minima
 * @property {Pair[]} saddles
 * @property {Pair[]} starts
 * @property {boolean} draggable the start may be moved, where somebody answers
 * @property {number} path_stride steps between two points of a path
 * @property {Table[]} paths (starts, points, 2) of each run
 */

/**
 * Curves over steps.
 * @typedef {object} CurveData
 * @property {"curves"} kind
 * @property {string} [key] a name; a panel that has one can be chosen
 * @property {boolean} [chosen] shown to those who have not chosen
 * @property {string} title
 * @property {string} [note]
 * @property {string} xlabel
 * @property {string} ylabel
 * @property {ScaleKind} scale
 * @property {boolean} [runs_off] the axis leaves runs that diverge or escape
 * @property {number} [steps_per_epoch] ticks count epochs
 * @property {string} [empty] what it waits for
 * @property {Worst} [worst] what a diverged seed counts as
 * @property {(string[] | null)[]} [layers] their names by run; `y` of a series is then (layers, n)
 * @property {SeriesData[]} series
 */

/** @typedef {"high" | "low"} Worst */
/** @typedef {"solid" | "dashed" | "thin" | "points" | "dots"} Style */

/**
 * A curve: one number throughout, a line, or a few. Those of one run, name and style that have
 * different members are seeds of one curve.
 * @typedef {object} SeriesData
 * @property {number} run
 * @property {number} [member]
 * @property {string | null} [name]
 * @property {Style} [style]
 * @property {number} [constant]
 * @property {Table} [y] (n,), (starts, n) or (layers, n)
 * @property {Table | null} [x] (n,) steps in rising order; null: every step is a point
 * @property {[Table, Table]} [band] low (n,) and high (n,)
 */

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
 * An array as it stands in the header; with `scale` its values are `bias + scale * stored`.
 * @typedef {object} Ref
 * @property {number} offset bytes into the data part
 * @property {keyof typeof VIEWS} dtype
 * @property {number[]} shape
 * @property {number} [scale]
 * @property {number} [bias]
 */

/**
 * The header with every array reference replaced by `{data, shape}`.
 * @param {Uint8Array<ArrayBuffer>} bytes the message; it may start anywhere in its buffer
 * @returns {Header}
 */
export function unpack(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const start = 4 + length;

  /** @type {(ref: Ref) => Table} */
  const array = (ref) => {
    const View = VIEWS[ref.dtype];
    if (!View) throw new Error(`unknown dtype ${ref.dtype}`);
    const count = ref.shape.reduce((size, side) => size * side, 1);
    const from = start + ref.offset;
    const size = count * View.BYTES_PER_ELEMENT;
    if (from + size > bytes.byteLength) throw new Error("the message is cut short");
    const offset = bytes.byteOffset + from;
    // typed arrays must start at a multiple of their element size; a copy always does
    const stored =
      offset % View.BYTES_PER_ELEMENT === 0
        ? new View(bytes.buffer, offset, count)
        : new View(bytes.slice(from, from + size).buffer);
    return { data: restored(stored, ref), shape: ref.shape };
  };
  /** @type {(value: unknown) => unknown} */
  const restore = (value) => {
    if (Array.isArray(value)) return value.map(restore);
    if (value === null || typeof value !== "object") return value;
    if ("offset" in value && "dtype" in value && "shape" in value)
      return array(/** @type {Ref} */ (value));
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, restore(item)]));
  };
  return /** @type {Header} */ (restore(header));
}

/** @type {(stored: Values, ref: Ref) => Values} */
function restored(stored, { scale, bias = 0 }) {
  if (scale === undefined) return stored;
  const values = new Float32Array(stored.length);
  for (let i = 0; i < stored.length; i++)
    values[i] = stored[i] === HOLE ? NaN : bias + scale * stored[i];
  return values;
}

/**
 * Bytes of a base64 text.
 * @param {string} text
 */
export function fromBase64(text) {
  const raw = atob(text.replace(/\s+/g, ""));
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}
