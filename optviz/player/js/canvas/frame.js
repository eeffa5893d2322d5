// What one picture shows, and who steps back in it.

/** @import { Axis } from "../data/axis.js" */
/** @import { Pair } from "../data/message.js" */
/** @import { DrawnRun } from "../data/runs.js" */
/** @import { Theme } from "./palette.js" */

/**
 * @typedef {object} Frame
 * @property {number} step the playhead's place on the axis
 * @property {Axis} axis
 * @property {DrawnRun[]} runs
 * @property {number} highlight the run that the others step back behind; −1: none
 * @property {Theme} theme
 * @property {number} scale of text and markers
 * @property {Hover} hover
 * @property {Pair} xview what is shown of the axis: from, to
 * @property {boolean} zoomed it is not all of it
 * @property {boolean} moving a gesture is under way
 */

/**
 * Where the pointer is.
 * @typedef {object} Hover
 * @property {number | null} step a place on the axis, over curves
 * @property {Pair | null} point of the surface, over a map
 * @property {Near | null} near the curve beside it
 */

/** @typedef {{panel: object, name: string, run: number, layer: number | null}} Near */

/**
 * What a panel asks of the player.
 * @typedef {object} PanelActions
 * @property {() => Frame} frame what is drawn now
 * @property {() => void} paint draws what changed, now
 * @property {() => void} wake asks for a frame
 * @property {(hover: Hover, head: string, rows: Row[], at: MouseEvent) => void} point the pointer
 *   is over something, which the read-out tells
 * @property {() => void} leave it is no longer
 * @property {() => void} hush hides the read-out
 * @property {(place: number) => void} seek
 * @property {(view: Pair | null) => void} setXView
 * @property {() => void} resetView
 * @property {(moving: boolean) => void} setMoving
 * @property {() => boolean} answers whether somebody is there to answer a new start with a race
 * @property {(x: number, y: number, dragging: boolean) => void} offerStart
 */

/** @typedef {{color: string, label: string, text: string, near?: boolean}} Row of the read-out */

/** @type {Hover} */
export const NOWHERE = { step: null, point: null, near: null };

/**
 * Whether a run steps back behind the one that is highlighted.
 * @type {(run: number, frame: Frame) => boolean}
 */
export function recedes(run, { highlight }) {
  return highlight >= 0 && highlight !== run;
}
