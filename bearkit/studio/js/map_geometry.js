// The geometry of the map: cameras, the dots near a place, the dots inside a lasso, and what the studio packs.
// Places of the map go from 0 to 1 along each axis.

/** @import { Camera, Dots, MapAnswer, Places, Point, Size } from './map_types' */

const GREATEST_ZOOM = 400;
const MARGIN = 24;         // CSS pixels around the whole map
const ID_BYTES = 6;        // of an image's id that the page knows
// The code of a deleted picture; else: the place of a label, -1 for none, -2 - place for a proposal.
const GONE = -32768;

/**
 * Returns CSS pixels for a map of width 1.
 * @param {Size} size
 * @param {Camera} camera
 */
export function mapScale(size, { span, zoom }) {
  const fits = Math.min((size.clientWidth - MARGIN) / span[0], (size.clientHeight - MARGIN) / span[1]);
  return zoom * Math.max(1, fits);
}

/**
 * Returns where a place of the map is on the screen.
 * @param {Size} size
 * @param {Camera} camera
 * @param {Point} place
 * @returns {Point}
 */
export function onScreen(size, camera, [x, y]) {
  const scale = mapScale(size, camera);
  return [(x - camera.x) * scale + size.clientWidth / 2, (y - camera.y) * scale + size.clientHeight / 2];
}

/**
 * Returns which place of the map is there on the screen.
 * @param {Size} size
 * @param {Camera} camera
 * @param {Point} place
 * @returns {Point}
 */
export function onMap(size, camera, [left, top]) {
  const scale = mapScale(size, camera);
  return [(left - size.clientWidth / 2) / scale + camera.x, (top - size.clientHeight / 2) / scale + camera.y];
}

/**
 * Zooms; what lies at this place of the screen stays there.
 * @param {Size} size
 * @param {Camera} camera
 * @param {number} factor
 * @param {Point} place
 */
export function zoomAt(size, camera, factor, place) {
  const [x, y] = onMap(size, camera, place);
  camera.zoom = Math.max(1, Math.min(GREATEST_ZOOM, camera.zoom * factor));
  const [newX, newY] = onMap(size, camera, place);
  moveCamera(camera, x - newX, y - newY);
}

/**
 * Moves the camera, but never so far that the map is out of sight.
 * @param {Camera} camera
 * @param {number} x
 * @param {number} y
 */
export function moveCamera(camera, x, y) {
  camera.x = clamp(camera.x + x);
  camera.y = clamp(camera.y + y);
}

/**
 * Returns the value between 0 and 1 that is nearest.
 * @param {number} value
 */
export function clamp(value) {
  return Math.max(0, Math.min(1, value));
}

/**
 * Returns the n dots nearest to a place of the map, the nearest first.
 * @param {Places} places
 * @param {number[]} shown the dots to choose from
 * @param {Point} place
 * @param {number} n
 */
export function nearestDots({ x, y }, shown, [left, top], n) {
  const far = Float64Array.from(shown, (dot) => (at(x, dot) - left) ** 2 + (at(y, dot) - top) ** 2);
  if (n === 1) {
    let best = -1;
    for (let one = 0; one < far.length; one++) if (best < 0 || at(far, one) < at(far, best)) best = one;
    return shown.slice(best, best < 0 ? best : best + 1);
  }
  const order = Uint32Array.from(far.keys()).sort((one, other) => at(far, one) - at(far, other));
  return Array.from(order.subarray(0, n), (one) => shown[one] ?? -1);
}

/**
 * Returns the dots inside a lasso: those with an odd number of its edges to their left.
 * @param {Places} places
 * @param {number[]} shown the dots to choose from
 * @param {Point[]} corners
 */
export function dotsInside({ x, y }, shown, corners) {
  /** @type {Point} */
  const low = [Infinity, Infinity];
  /** @type {Point} */
  const high = [-Infinity, -Infinity];
  for (const corner of corners) {
    for (const axis of /** @type {const} */ ([0, 1])) {
      low[axis] = Math.min(low[axis], corner[axis]);
      high[axis] = Math.max(high[axis], corner[axis]);
    }
  }
  return shown.filter((dot) => {
    const left = at(x, dot), top = at(y, dot);
    if (left < low[0] || left > high[0] || top < low[1] || top > high[1]) return false;
    let inside = false;
    let before = corners.at(-1) ?? low;
    for (const corner of corners) {
      const [x1, y1] = corner, [x2, y2] = before;
      if ((y1 > top) !== (y2 > top) && left < (x2 - x1) * (top - y1) / (y2 - y1) + x1) inside = !inside;
      before = corner;
    }
    return inside;
  });
}

/**
 * Returns an element of an array that is known to be there.
 * @param {ArrayLike<number>} values
 * @param {number} index
 */
export function at(values, index) {
  return /** @type {number} */ (values[index]);
}

// ------------------------------------------------------------------------------------------- what the studio sends

/**
 * Unpacks the positions and the ids of the dots: x and y of each as 16 bits, then 6 bytes of each id.
 * @param {MapAnswer} answer
 * @returns {Dots}
 */
export function unpackDots({ version, dots, codes, labels }) {
  const bytes = bytesOf(dots);
  const n = bytes.byteLength / (4 + ID_BYTES);
  const both = new Uint16Array(bytes, 0, 2 * n), ids = new Uint8Array(bytes, 4 * n);
  const axis = (/** @type {number} */ first) =>
    Float32Array.from({ length: n }, (_, dot) => at(both, 2 * dot + first) / 65535);
  const index = new Map(Array.from({ length: n }, (_, dot) => [parseInt(idOf({ ids }, dot), 16), dot]));
  return { version, x: axis(0), y: axis(1), ids, index, codes: unpackCodes(codes), labels };
}

/**
 * Unpacks what is known about each dot.
 * @param {string} codes
 */
export function unpackCodes(codes) {
  return new Int16Array(bytesOf(codes));
}

/**
 * Returns the beginning of an image's id.
 * @param {{ ids: Uint8Array }} dots
 * @param {number} dot
 */
export function idOf({ ids }, dot) {
  const bytes = ids.subarray(ID_BYTES * dot, ID_BYTES * (dot + 1));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Returns the dot of an image; -1 if it has none.
 * @param {Dots} dots
 * @param {string} id
 */
export function dotOf({ index }, id) {
  return index.get(parseInt(id.slice(0, 2 * ID_BYTES), 16)) ?? -1;
}

/**
 * Returns the width and the height of the map, seen from its middle.
 * @param {Places} places
 * @returns {Point}
 */
export function spanOf({ x, y }) {
  const span = (/** @type {Float32Array} */ values) =>
    Math.max(0.05, 2 * values.reduce((most, value) => Math.max(most, Math.abs(value - 0.5)), 0));
  return [span(x), span(y)];
}

/**
 * Says what is known about a dot.
 * @param {{ labels: { label: string }[] }} dots
 * @param {number} code
 */
export function codeInWords({ labels }, code) {
  if (code === -1) return 'no label';
  const label = labels[code >= 0 ? code : -2 - code]?.label ?? '';
  return code >= 0 ? label : `proposed: ${label}`;
}

/**
 * Returns the code of a label, -1 for '' and for a label that no picture has.
 * @param {{ labels: { label: string }[] }} dots
 * @param {string} label
 */
export function codeOf({ labels }, label) {
  return label ? labels.findIndex((one) => one.label === label) : -1;
}

/**
 * Sorts the dots by what is known about them; deleted ones are left out.
 * @param {Int16Array} codes
 * @param {number | null} single the only label that is shown, -1 for no label; null for all
 */
export function sortDots(codes, single) {
  /** @type {Record<'faded' | 'none' | 'proposed' | 'labelled', number[]>} */
  const rows = { faded: [], none: [], proposed: [], labelled: [] };
  codes.forEach((code, dot) => {
    if (code === GONE) return;
    const kind = code >= 0 ? 'labelled' : code === -1 ? 'none' : 'proposed';
    rows[single === null || single === (code < -1 ? -2 - code : code) ? kind : 'faded'].push(dot);
  });
  return rows;
}

/** @param {string} text base64 */
function bytesOf(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer;
}
