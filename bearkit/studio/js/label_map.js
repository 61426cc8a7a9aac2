// The map of the Label tab: every picture as a dot.

/** @import { Dots, Gesture, LabelMap, Layer, MapAnswer, MapLabel, Point } from './map_types' */
/** @import { LabelTab } from './label_types' */
/** @import { Failure } from './types' */

import { make } from './dom.js';
import { hasUnstored } from './label_decide.js';
import { dotIn, hueOf } from './label_set.js';
import { colourOf, paintDots } from './map_canvas.js';
import {
  at, codeInWords, codeOf, dotOf, idOf, nearestDots, onScreen, sortDots, spanOf, unpackCodes, unpackDots,
} from './map_geometry.js';
import { isLoading } from './page.js';
import { failed } from './server.js';
import { plural, short } from './text.js';

const AGAIN = 1000;        // milliseconds after which the page asks again for a map that the studio computes
const PASSING = 60;        // milliseconds that the mouse rests on a dot before the page asks for its picture

/**
 * Asks for what changed, and draws it.
 * @param {LabelTab} tab
 */
export async function drawMap(tab) {
  const { map, root } = tab;
  clearTimeout(map.timer);
  map.box.hidden = !tab.view.map || tab.page.empty === 'pictures';
  root.classList.toggle('lb-mapped', !map.box.hidden);
  map.button.setAttribute('aria-pressed', String(!map.box.hidden));
  if (map.box.hidden) return;
  redraw(tab);
  const number = tab.loading;
  /** @type {MapAnswer | Failure} */
  const answer = await tab.call('map_dots', { known: map.dots?.version || '' });
  if (number !== tab.loading || map.box.hidden) return;
  if (failed(answer)) return map.says.replaceChildren(`${answer.error}.`);
  if (answer.dots) {
    map.dots = unpackDots(answer);
    map.camera.span = spanOf(map.dots);
    map.pointed = -1;
  }
  if (!map.dots) return;
  map.dots.codes = unpackCodes(answer.codes);
  map.dots.labels = answer.labels;
  map.news.textContent = answer.news;
  if (answer.news) map.timer = setTimeout(() => drawMap(tab), AGAIN);
  layOut(tab, map.dots);
  drawLegend(tab, map.dots);
}

/**
 * Sorts the dots into layers: those without a label lie lowest.
 * @param {LabelTab} tab
 * @param {Dots} dots
 */
export function layOut(tab, dots) {
  const { map } = tab;
  if (map.single && codeOf(dots, map.single) < 0) map.single = null;  // no picture has that label any more
  const rows = sortDots(dots.codes, map.single === null ? null : codeOf(dots, map.single));
  const grey = colourOf(getComputedStyle(map.canvas).color);
  const hues = dots.labels.map((one) => colourOf(hueOf(one)));
  const hue = (/** @type {number} */ label) => hues[label] ?? grey;
  /** @type {(kind: Layer['kind'], chosen: number[], colour: (dot: number) => number) => Layer} */
  const layer = (kind, chosen, colour) => ({ kind, chosen, colours: Int32Array.from(chosen, colour) });
  map.layers = [
    layer('pale', rows.faded, () => grey), layer(dots.labels.length ? 'pale' : 'full', rows.none, () => grey),
    layer('hollow', rows.proposed, (dot) => hue(-2 - at(dots.codes, dot))),
    layer('full', rows.labelled, (dot) => hue(at(dots.codes, dot))),
  ];
  map.shown = [...rows.none, ...rows.proposed, ...rows.labelled];
  redraw(tab);
}

/**
 * Returns the radius of a dot in CSS pixels: small where there are many dots, larger where one zooms in.
 * @param {LabelMap} map
 * @param {Dots} dots
 */
function radiusOf({ canvas, camera }, dots) {
  const room = Math.sqrt(canvas.clientWidth * canvas.clientHeight / Math.max(1, dots.codes.length));
  return Math.max(1.25, Math.min(4.5, 0.27 * room)) * Math.min(2.5, camera.zoom ** 0.35);
}

/**
 * Draws the map, once a frame at most.
 * @param {LabelTab} tab
 */
export function redraw(tab) {
  tab.map.frame ||= requestAnimationFrame(() => { tab.map.frame = 0; paintMap(tab); });
}

/** @param {LabelTab} tab */
function paintMap({ map, page }) {
  const { dots, canvas, camera, gesture, pointed } = map;
  if (!dots || !canvas.clientWidth) return;
  const radius = radiusOf(map, dots);
  const context = paintDots(canvas, dots, map.layers, camera, radius);
  const ring = (/** @type {number} */ dot, /** @type {number} */ far, /** @type {number} */ width) => {
    const [left, top] = onScreen(canvas, camera, placeOf(dots, dot));
    context.lineWidth = width;
    context.beginPath();
    context.arc(left, top, radius + far, 0, 7);
    context.stroke();
  };
  context.strokeStyle = getComputedStyle(map.says).color;
  const shown = page.images.map((image) => dotOf(dots, image.image_id));  // the pictures of the grid
  for (const dot of shown) if (dot >= 0) ring(dot, 1.5, 1.5);
  if (pointed >= 0) ring(pointed, 4, 2.5);
  paintLasso(context, gesture);
  paintCursor(context, map);
  placeCard(map, dots);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Gesture | null} gesture
 */
function paintLasso(context, gesture) {
  context.lineWidth = 2;
  if (gesture?.kind !== 'lasso' || !gesture.moved) return;
  context.setLineDash([6, 4]);
  context.stroke(new Path2D(`M${gesture.points.map((point) => point.join(' ')).join('L')}Z`));
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {LabelMap} map
 */
function paintCursor(context, { canvas, camera, cursor }) {
  if (!cursor || document.activeElement !== canvas) return;
  const [left, top] = onScreen(canvas, camera, cursor);
  context.stroke(new Path2D(`M${left - 14} ${top}H${left + 14}M${left} ${top - 14}V${top + 14}`));
}

// --------------------------------------------------------------------------------------------- one dot, and many dots

/**
 * @param {Dots} dots
 * @param {number} dot
 * @returns {Point}
 */
export function placeOf({ x, y }, dot) {
  return [at(x, dot), at(y, dot)];
}

/**
 * @param {Dots} dots
 * @param {number} dot
 */
function inWords(dots, dot) {
  return codeInWords(dots, at(dots.codes, dot));
}

/**
 * Shows the picture of a dot; -1 for none.
 * @param {LabelTab} tab
 * @param {number} dot
 */
export async function pointAt(tab, dot) {
  const { map } = tab;
  if (dot === map.pointed) return;
  map.pointed = dot;
  redraw(tab);
  if (dot < 0 || !map.dots) return;
  const id = idOf(map.dots, dot);
  if (!map.thumbs.has(id)) {
    await new Promise((done) => { setTimeout(done, PASSING); });  // the mouse may only pass by
    if (dot !== map.pointed) return;
    /** @type {{ url: string | null, path: string } | Failure} */
    const found = await tab.call('map_picture', { image_id: id });
    if (!failed(found)) map.thumbs.set(id, found);
  }
  redraw(tab);
}

/**
 * Puts the picture of the dot that is pointed at beside it.
 * @param {LabelMap} map
 * @param {Dots} dots
 */
function placeCard({ card, canvas, camera, gesture, pointed, thumbs }, dots) {
  const id = pointed < 0 ? '' : idOf(dots, pointed);
  const known = thumbs.get(id);
  card.hidden = !known || Boolean(gesture?.moved);
  if (!known || card.hidden) return;
  const [left, top] = onScreen(canvas, camera, placeOf(dots, pointed));
  const { clientWidth: width, clientHeight: height } = canvas;
  const right = left > width / 2, below = top < height / 2;
  const across = `${right ? 'right' : 'left'}: ${(right ? width - left : left) + 12}px`;
  card.style.cssText = `${across}; ${below ? 'top' : 'bottom'}: ${(below ? top : height - top) + 12}px`;
  if (card.dataset.id !== id) card.replaceChildren(make('img', { src: known.url, alt: known.path }), make('div', {}));
  card.dataset.id = id;
  if (card.lastChild) card.lastChild.textContent = inWords(dots, pointed);
}

/**
 * Shows the pictures of some dots in the grid.
 * @param {LabelTab} tab
 * @param {Dots} dots
 * @param {number[]} chosen
 */
export function choosePicks(tab, dots, chosen) {
  if (!chosen.length || isLoading(tab) || hasUnstored(tab)) return;
  tab.picks = chosen.map((dot) => idOf(dots, dot));
  tab.view.audit = tab.view.like = '';
  tab.load('', true);
}

/**
 * Returns the dots nearest to a place: as many as a page has pictures.
 * @param {LabelTab} tab
 * @param {Dots} dots
 * @param {Point} place
 */
export function near({ map, view }, dots, place) {
  return nearestDots(dots, map.shown, place, Number(view.many));
}

/**
 * Says what lies near the cursor, for those who do not see the map.
 * @param {LabelTab} tab
 * @param {Dots} dots
 * @param {Point} cursor
 */
export function sayAround(tab, dots, cursor) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const dot of near(tab, dots, cursor)) counts.set(inWords(dots, dot), (counts.get(inWords(dots, dot)) || 0) + 1);
  const words = [...counts].sort(([, one], [, other]) => other - one).map(([text, n]) => `${short(text)} ${n}`);
  const most = `${words.slice(0, 4).join(', ')}${words.length > 4 ? ' and others' : ''}`;
  tab.map.says.textContent = `Nearest to the cursor: ${most}. Enter shows them.`;
}

/**
 * @param {LabelMap} map
 * @param {Dots} dots
 */
function describeMap({ canvas, says }, { codes }) {
  const { none, proposed, labelled } = sortDots(codes, null);
  const n = { labelled: labelled.length, proposed: proposed.length, none: none.length };
  const all = plural(n.labelled + n.proposed + n.none, 'picture');
  says.textContent = `${all}: ${n.labelled} labelled, ${n.proposed} with a proposal, ${n.none} with neither.`;
  canvas.setAttribute('aria-label', `map of ${says.textContent} Pictures that look alike lie together. `
    + 'Arrow keys move a cursor, Enter shows the pictures nearest to it.');
}

/**
 * Draws the labels of the map; one of them can be shown alone.
 * @param {LabelTab} tab
 * @param {Dots} dots
 */
export function drawLegend(tab, dots) {
  const { map } = tab;
  const toggle = (/** @type {string} */ label) => {
    map.single = map.single === label ? null : label;
    layOut(tab, dots);
    drawLegend(tab, dots);
  };
  /** @type {(label: string, colour: string, text: string, count: string) => HTMLElement} */
  const entry = (label, colour, text, count) => {
    const attributes = {
      type: 'button', class: 'lb-only', 'aria-pressed': String(map.single === label), title: `show only: ${text}`,
      onclick: () => toggle(label),
    };
    return make('button', attributes, dotIn(colour), make('span', { class: 'lb-text' }, text),
      make('span', { class: 'lb-count' }, count));
  };
  const none = dots.codes.reduce((sum, code) => sum + Number(code === -1), 0);
  const counts = (/** @type {MapLabel} */ { labelled, proposed }) =>
    (proposed ? `${labelled} + ${proposed} proposed` : String(labelled));
  const rows = dots.labels.map((one) => entry(one.label, hueOf(one), one.label, counts(one)));
  if (none) rows.push(entry('', 'var(--body-text-color-subdued)', 'no label', String(none)));
  map.legend.replaceChildren(...rows);
  if (!map.cursor) describeMap(map, dots);
}
