// The parts of the map: its canvas, its buttons and its messages.

/** @import { LabelMap } from './map_types' */
/** @import { LabelTab } from './label_types' */

import { make } from './dom.js';
import { pointAt, redraw } from './label_map.js';
import {
  chooseTool, fitMap, keyOnMap, pointerDown, pointerMove, pointerUp, toggleMap, turnWheel, zoomBy,
} from './label_map_input.js';

/**
 * Returns the map of a tab, without dots.
 * @param {() => LabelTab} tabOf returns the tab, once it is there
 * @returns {LabelMap}
 */
export function newMap(tabOf) {
  const button = (/** @type {object} */ attributes, /** @type {string} */ text) => make('button', { type: 'button', ...attributes }, text);
  const canvas = newCanvas(tabOf);
  const card = make('div', { class: 'lb-card', hidden: true });
  const news = make('div', { class: 'bk-quiet', role: 'status' });
  const says = make('div', { class: 'lb-says', role: 'status' });
  const legend = make('div', { class: 'lb-legend', role: 'group', 'aria-label': 'show only one label' });
  const tools = [
    button({ title: 'drag around pictures to label them', 'data-tool': 'lasso', 'aria-pressed': 'true', onclick: () => chooseTool(tabOf().map, 'lasso') }, 'Lasso'),
    button({ title: 'drag the map; with Shift: lasso', 'data-tool': 'pan', 'aria-pressed': 'false', onclick: () => chooseTool(tabOf().map, 'pan') }, 'Move'),
    button({ 'aria-label': 'zoom in', onclick: () => zoomBy(tabOf(), 1.5) }, '+'),
    button({ 'aria-label': 'zoom out', onclick: () => zoomBy(tabOf(), 1 / 1.5) }, '−'),
    button({ title: 'Home', onclick: () => fitMap(tabOf()) }, 'All'),
  ];
  const box = make('section', { class: 'lb-map', hidden: true, 'aria-label': 'map' },
    make('div', { class: 'lb-buttons' }, ...tools, says), make('div', { class: 'lb-canvas' }, canvas, card), news, legend);
  new ResizeObserver(() => redraw(tabOf())).observe(canvas);
  return {
    button: button({ class: 'lb-map-switch', title: 'M: every picture as a dot', 'aria-pressed': 'false', onclick: () => toggleMap(tabOf()) }, 'Map'),
    box, canvas, card, news, says, legend,
    dots: null, shown: [], layers: [], camera: { x: 0.5, y: 0.5, zoom: 1, span: [1, 1] }, tool: 'lasso', single: null,
    pointed: -1, cursor: null, gesture: null, fingers: new Map(), thumbs: new Map(), timer: undefined,
    holdTimer: undefined, frame: 0,
  };
}

/** @param {() => LabelTab} tabOf */
function newCanvas(tabOf) {
  const canvas = make('canvas', { tabindex: 0, role: 'img', 'aria-label': 'map', 'data-tool': 'lasso' });
  canvas.onpointerdown = (event) => pointerDown(tabOf(), event);
  canvas.onpointermove = (event) => pointerMove(tabOf(), event);
  canvas.onpointerup = canvas.onpointercancel = (event) => pointerUp(tabOf(), event);
  canvas.onpointerleave = (event) => { if (!tabOf().map.gesture && event.pointerType === 'mouse') pointAt(tabOf(), -1); };
  canvas.onwheel = (event) => turnWheel(tabOf(), event);
  canvas.onkeydown = (event) => keyOnMap(tabOf(), event);
  canvas.onfocus = canvas.onblur = () => redraw(tabOf());
  canvas.oncontextmenu = (event) => event.preventDefault();
  return canvas;
}
