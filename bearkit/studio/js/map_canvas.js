// Draws the dots of the map. They are set pixel by pixel in a typed array, so that 50,000 of them take some milliseconds on
// any machine: canvas 2D needs no graphics card.

/** @import { Camera, DotKind, Layer, Places } from './map_types' */

import { at, mapScale } from './map_geometry.js';

const SUB = 4;             // places inside a pixel at which a dot may lie, along each axis: panning then moves all alike
const HOLLOW_FROM = 3;     // pixels: smaller dots have no room for a hole, and are paler instead
const PALE = 0.4;

/**
 * The pixels of a dot: for each place inside a pixel, (distance in the array, opacity of 256) of those that it covers.
 * @typedef {{ made: Int32Array[], reach: number }} Stamp
 */

/** The pixels of the map, and the stamps of dots that were drawn, by radius and kind. */
const raster = {
  data: new ImageData(1, 1),
  pixels: new Uint32Array(1),
  width: 0,
  height: 0,
  /** @type {Map<string, Stamp>} */
  stamps: new Map(),
};

/**
 * Makes one element of the array for each pixel of the screen.
 * @param {HTMLCanvasElement} canvas
 * @returns {number} pixels of the screen for a CSS pixel
 */
function resizePicture(canvas) {
  const scale = Math.min(2, window.devicePixelRatio || 1);
  const width = Math.max(1, Math.round(canvas.clientWidth * scale));
  const height = Math.max(1, Math.round(canvas.clientHeight * scale));
  if (raster.width !== width || raster.height !== height || canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    raster.data = new ImageData(width, height);
    raster.pixels = new Uint32Array(raster.data.data.buffer);
    Object.assign(raster, { width, height });
    raster.stamps.clear();
  }
  return scale;
}

/**
 * @param {number} radius
 * @param {DotKind} kind
 * @returns {Stamp}
 */
function stampsOf(radius, kind) {
  const key = `${radius} ${kind}`;
  const known = raster.stamps.get(key);
  if (known) return known;
  const reach = Math.ceil(radius) + 1;
  const hole = kind === 'hollow' && radius >= HOLLOW_FROM ? radius - Math.max(1.2, radius / 3) : 0;
  const opacity = kind === 'full' ? 1 : hole ? 0.9 : PALE;
  const covers = (/** @type {number} */ distance, /** @type {number} */ within) => Math.max(0, Math.min(1, within + 0.5 - distance));
  const made = Array.from({ length: SUB * SUB }, (_, place) => {
    const parts = [];
    for (let y = -reach; y <= reach; y++) {
      for (let x = -reach; x <= reach; x++) {
        const distance = Math.hypot(x - (place % SUB) / SUB, y - Math.floor(place / SUB) / SUB);
        const alpha = Math.round(256 * opacity * (covers(distance, radius) - (hole ? covers(distance, hole) : 0)));
        if (alpha > 4) parts.push(y * raster.width + x, alpha);
      }
    }
    return Int32Array.from(parts);
  });
  raster.stamps.set(key, { made, reach });
  return { made, reach };
}

/**
 * Draws dots, each in its colour.
 * @param {Places} places
 * @param {Layer} layer
 * @param {Stamp} stamp
 * @param {{ x: number, y: number, scale: number }} view the middle of the picture, and pixels for a map of width 1
 */
function stampAll({ x, y }, { chosen, colours }, { made, reach }, view) {
  const { pixels, width, height } = raster;
  for (let n = 0; n < chosen.length; n++) {
    const dot = at(chosen, n);
    const left = (at(x, dot) - view.x) * view.scale + width / 2, top = (at(y, dot) - view.y) * view.scale + height / 2;
    const column = Math.floor(left), row = Math.floor(top);
    if (column < reach || row < reach || column >= width - reach || row >= height - reach) continue;
    const stamp = made[Math.floor((left - column) * SUB) + SUB * Math.floor((top - row) * SUB)] ?? [];
    const middle = row * width + column, colour = at(colours, n), rb = colour & 0xff00ff, g = colour & 0x00ff00;
    for (let k = 0; k < stamp.length; k += 2) {
      const place = middle + at(stamp, k), alpha = at(stamp, k + 1), rest = 256 - alpha, under = at(pixels, place);
      pixels[place] = 0xff000000 | (((rb * alpha + (under & 0xff00ff) * rest) >>> 8) & 0xff00ff)
        | (((g * alpha + (under & 0x00ff00) * rest) >>> 8) & 0x00ff00);
    }
  }
}

/**
 * Draws all dots.
 * @param {HTMLCanvasElement} canvas
 * @param {Places} places
 * @param {Layer[]} layers from the lowest to the highest
 * @param {Camera} camera
 * @param {number} radius CSS pixels
 * @returns {CanvasRenderingContext2D} to draw more on top, in CSS pixels
 */
export function paintDots(canvas, places, layers, camera, radius) {
  const scale = resizePicture(canvas);
  raster.pixels.fill(0xff000000 | colourOf(getComputedStyle(canvas).backgroundColor));
  const view = { x: camera.x, y: camera.y, scale: mapScale(canvas, camera) * scale };
  const wide = Math.round(4 * radius * scale) / 4;
  for (const layer of layers) stampAll(places, layer, stampsOf(wide, layer.kind), view);
  const context = contextOf(canvas);
  context.putImageData(raster.data, 0, 0);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

/** @type {Map<string, number>} */
const parsed = new Map();

/**
 * Returns a CSS colour as 0xbbggrr; grey for a text that is no colour.
 * @param {string} css
 */
export function colourOf(css) {
  const known = parsed.get(css);
  if (known !== undefined) return known;
  const context = contextOf(Object.assign(document.createElement('canvas'), { width: 1, height: 1 }));
  context.fillStyle = '#888888';
  context.fillStyle = css;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  parsed.set(css, red | (green << 8) | (blue << 16));
  return red | (green << 8) | (blue << 16);
}

/** @param {HTMLCanvasElement} canvas */
function contextOf(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
}
