// The map by mouse, by touch and by keys.

/** @import { Dots, LabelMap, Point } from './map_types' */
/** @import { LabelTab } from './label_types' */

import { writeAddress } from './filters.js';
import { hasUnstored } from './label_decide.js';
import { choosePicks, drawLegend, drawMap, layOut, near, placeOf, pointAt, redraw, sayAround } from './label_map.js';
import { at, clamp, dotsInside, mapScale, moveCamera, nearestDots, onMap, onScreen, zoomAt } from './map_geometry.js';

const TAP = 4;             // pixels that a pointer may move and still have clicked
const HOLD = 450;          // milliseconds that a finger rests until the picture under it is shown
const REACH_MOUSE = 14, REACH_TOUCH = 26;  // pixels from the pointer in which the nearest dot counts
const STEP = 18, FAR_STEP = 90;  // pixels that an arrow key moves the cursor; with Shift
const EDGE = 20;           // pixels from the edge at which the map moves with the cursor
/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {LabelMap} map
 * @param {MouseEvent} event
 * @returns {Point} its place on the canvas
 */
function spot({ canvas }, { clientX, clientY }) {
  const box = canvas.getBoundingClientRect();
  return [clientX - box.left, clientY - box.top];
}

/**
 * Returns the nearest dot within reach of a pointer; -1 for none.
 * @param {LabelMap} map
 * @param {Point} point
 * @param {string} kind of the pointer
 */
function dotNear({ dots, shown, canvas, camera }, point, kind) {
  if (!dots) return -1;
  const [dot] = nearestDots(dots, shown, onMap(canvas, camera, point), 1);
  if (dot === undefined) return -1;
  const [left, top] = onScreen(canvas, camera, placeOf(dots, dot));
  return Math.hypot(left - point[0], top - point[1]) <= (kind === 'mouse' ? REACH_MOUSE : REACH_TOUCH) ? dot : -1;
}

/**
 * Returns the middle between two fingers, and how far apart they are.
 * @param {Map<number, Point>} fingers
 * @returns {{ middle: Point, apart: number }}
 */
function between(fingers) {
  const [[left, top] = [0, 0], [right, bottom] = [0, 0]] = [...fingers.values()];
  const apart = Math.max(10, Math.hypot(right - left, bottom - top));
  return { middle: [(left + right) / 2, (top + bottom) / 2], apart };
}

/**
 * @param {LabelTab} tab
 * @param {PointerEvent} event
 */
export function pointerDown(tab, event) {
  const { map } = tab;
  if (event.button > 1 || !map.dots) return;
  event.preventDefault();
  map.canvas.focus({ preventScroll: true });
  map.canvas.setPointerCapture(event.pointerId);
  const point = spot(map, event);
  map.fingers.set(event.pointerId, point);
  clearTimeout(map.holdTimer);
  const lasso = event.button !== 1 && (event.shiftKey || map.tool === 'lasso');
  if (map.fingers.size === 2) map.gesture = { kind: 'pinch', moved: true, ...between(map.fingers) };
  else map.gesture = { kind: lasso ? 'lasso' : 'pan', points: [point], moved: false };
  if (event.pointerType !== 'touch' || map.fingers.size !== 1) return;
  map.holdTimer = setTimeout(() => {
    map.gesture = { kind: 'held', moved: false };
    pointAt(tab, dotNear(map, point, 'touch'));
  }, HOLD);
}

/**
 * @param {LabelTab} tab
 * @param {PointerEvent} event
 */
export function pointerMove(tab, event) {
  const { map } = tab;
  const { gesture } = map;
  const point = spot(map, event);
  if (!gesture) {
    if (event.pointerType === 'mouse') pointAt(tab, dotNear(map, point, 'mouse'));
    return;
  }
  if (!map.fingers.has(event.pointerId) || gesture.kind === 'held') return;
  map.fingers.set(event.pointerId, point);
  if (gesture.kind === 'pinch') {
    const { middle, apart } = between(map.fingers);
    drag(map, gesture.middle, middle);
    zoomAt(map.canvas, map.camera, apart / gesture.apart, middle);
    Object.assign(gesture, { middle, apart });
  } else {
    const last = gesture.points.at(-1) ?? point;
    gesture.moved ||= Math.hypot(point[0] - last[0], point[1] - last[1]) > TAP;
    if (!gesture.moved) return;
    clearTimeout(map.holdTimer);
    if (gesture.kind === 'pan') drag(map, last, point);
    gesture.points = gesture.kind === 'pan' ? [point] : [...gesture.points, point];
  }
  redraw(tab);
}

/**
 * @param {LabelMap} map
 * @param {Point} from
 * @param {Point} to
 */
function drag({ canvas, camera }, from, to) {
  const scale = mapScale(canvas, camera);
  moveCamera(camera, (from[0] - to[0]) / scale, (from[1] - to[1]) / scale);
}

/**
 * @param {LabelTab} tab
 * @param {PointerEvent} event
 */
export function pointerUp(tab, event) {
  const { map } = tab;
  const { dots, gesture } = map;
  if (!map.fingers.delete(event.pointerId) || !gesture || !dots) return;
  clearTimeout(map.holdTimer);
  const left = gesture.kind === 'pinch' && map.fingers.size > 0;  // the finger that is left draws no lasso
  map.gesture = left ? { kind: 'held', moved: true } : null;
  redraw(tab);
  if (event.type === 'pointercancel' || gesture.kind === 'pinch' || gesture.kind === 'held') return;
  const { kind, points, moved } = gesture;
  if (moved && kind === 'lasso') {
    const corners = points.map((point) => onMap(map.canvas, map.camera, point));
    choosePicks(tab, dots, dotsInside(dots, map.shown, corners));
  }
  if (!moved) tap(tab, dots, points[0] ?? spot(map, event), event.pointerType);
}

/**
 * Shows the pictures near a dot; a finger shows its picture first.
 * @param {LabelTab} tab
 * @param {Dots} dots
 * @param {Point} point
 * @param {string} kind of the pointer
 */
function tap(tab, dots, point, kind) {
  const dot = dotNear(tab.map, point, kind);
  if (kind !== 'mouse' && dot !== tab.map.pointed) pointAt(tab, dot);
  else if (dot >= 0) choosePicks(tab, dots, near(tab, dots, placeOf(dots, dot)));
}

/**
 * @param {LabelTab} tab
 * @param {WheelEvent} event
 */
export function turnWheel(tab, event) {
  event.preventDefault();
  const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015));
  zoomAt(tab.map.canvas, tab.map.camera, factor, spot(tab.map, event));
  redraw(tab);
}

/**
 * @param {LabelTab} tab
 * @param {number} factor
 */
export function zoomBy(tab, factor) {
  const { canvas, camera, cursor } = tab.map;
  /** @type {Point} */
  const middle = [canvas.clientWidth / 2, canvas.clientHeight / 2];
  const byKeys = cursor && document.activeElement === canvas;
  zoomAt(canvas, camera, factor, byKeys ? onScreen(canvas, camera, cursor) : middle);
  redraw(tab);
}

/** @param {LabelTab} tab */
export function fitMap(tab) {
  Object.assign(tab.map.camera, { x: 0.5, y: 0.5, zoom: 1 });
  redraw(tab);
}

/**
 * @param {LabelTab} tab
 * @param {KeyboardEvent} event
 */
export function keyOnMap(tab, event) {
  const { dots, cursor } = tab.map;
  if (event.ctrlKey || event.metaKey || event.altKey || !dots) return;
  /** @type {Record<string, () => void>} */
  const acts = {
    '+': () => zoomBy(tab, 1.5), '-': () => zoomBy(tab, 1 / 1.5), Home: () => fitMap(tab), Escape: () => clearMap(tab),
  };
  const arrow = ARROWS[event.key];
  const step = event.shiftKey ? FAR_STEP : STEP;
  if (arrow) moveCursor(tab, dots, [arrow[0] * step, arrow[1] * step]);
  else if (event.key === 'Enter' && cursor && !event.repeat) choosePicks(tab, dots, near(tab, dots, cursor));
  else if (acts[event.key]) acts[event.key]?.();
  else return;
  event.preventDefault();
}

/**
 * @param {LabelTab} tab
 * @param {Dots} dots
 * @param {Point} step CSS pixels
 */
function moveCursor(tab, dots, [right, down]) {
  const { map } = tab;
  const { canvas, camera } = map;
  const [left, top] = onScreen(canvas, camera, map.cursor || [camera.x, camera.y]);
  const [x, y] = onMap(canvas, camera, [left + right, top + down]);
  map.cursor = [clamp(x), clamp(y)];
  const [newLeft, newTop] = onScreen(canvas, camera, map.cursor);
  const atEdge = Math.min(newLeft, canvas.clientWidth - newLeft, newTop, canvas.clientHeight - newTop) < EDGE;
  if (atEdge) drag(map, [right, down], [0, 0]);
  pointAt(tab, at([...nearestDots(dots, map.shown, map.cursor, 1), -1], 0));
  sayAround(tab, dots, map.cursor);
  redraw(tab);
}

/**
 * Forgets the lasso, the cursor and the only label; then what was chosen.
 * @param {LabelTab} tab
 */
function clearMap(tab) {
  const { map } = tab;
  const more = tab.picks.length && !map.gesture && !map.cursor && map.single === null;
  for (const finger of map.fingers.keys()) map.canvas.releasePointerCapture(finger);
  map.fingers.clear();
  map.gesture = map.cursor = map.single = null;
  map.pointed = -1;
  if (map.dots) { layOut(tab, map.dots); drawLegend(tab, map.dots); }
  if (more) backToOrder(tab);
}

/**
 * Leaves what was chosen on the map.
 * @param {LabelTab} tab
 */
export function backToOrder(tab) {
  if (hasUnstored(tab)) return;
  tab.picks = [];
  tab.load();
}

/**
 * Shows the map, or no longer.
 * @param {LabelTab} tab
 */
export function toggleMap(tab) {
  tab.view.map = tab.view.map ? '' : '1';
  writeAddress(tab);
  drawMap(tab);
  if (!tab.view.map) return tab.mark();
  tab.map.canvas.focus({ preventScroll: true });
  tab.map.box.scrollIntoView({ block: 'nearest' });
}

/**
 * @param {LabelMap} map
 * @param {'lasso' | 'pan'} tool
 */
export function chooseTool(map, tool) {
  map.tool = tool;
  for (const one of map.box.querySelectorAll('[data-tool]')) {
    if (one instanceof HTMLButtonElement) one.setAttribute('aria-pressed', String(one.dataset.tool === tool));
  }
  map.canvas.dataset.tool = tool;
}
