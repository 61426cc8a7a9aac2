// The pictures of the Data tab: only the rows near those in sight are drawn.

/** @import { DataTab, Picture, PicturePart } from './data_types' */
/** @import { Failure } from './types' */

import { make } from './dom.js';
import { cellOf, markCurrent } from './grid_cell.js';
import { layoutOf, missingParts, rowsInSight, topToSee } from './grid_window.js';
import { showLarge } from './large.js';
import { stateOf } from './page.js';
import { failed } from './server.js';
import { addRange, toggle } from './selection.js';

const PART = 60;    // pictures of a request
const PAUSE = 60;   // milliseconds without scrolling after which pictures are asked for
/** @type {Record<string, string>} */
const AFTER = { pending: ' (saving)', waiting: ' (waiting)', refused: ' (not saved)' };
const WIDE = { least: 124, gap: 8, caption: 30 };
const NARROW = { least: 100, gap: 4, caption: 28, columns: 3 };

/**
 * Draws the rows near those in sight anew.
 * @param {DataTab} tab
 */
export function drawGrid(tab) {
  const { grid, canvas, page, rows } = tab;
  const wide = window.innerWidth > 600;
  tab.layout = layoutOf(canvas.clientWidth, page.total, wide ? WIDE : NARROW);
  canvas.style.height = `${Math.max(0, tab.layout.height - tab.layout.gap)}px`;
  grid.setAttribute('aria-rowcount', String(Math.ceil(page.total / tab.layout.columns)));
  grid.setAttribute('aria-colcount', String(tab.layout.columns));
  rows.clear();
  canvas.replaceChildren();
  drawRows(tab);
}

/**
 * Draws the rows that came near, and takes away those that went.
 * @param {DataTab} tab
 */
export function drawRows(tab) {
  const { grid, canvas, page, layout, rows } = tab;
  const [first, last] = rowsInSight(layout, grid.scrollTop, grid.clientHeight, page.total);
  for (const [number, row] of rows) {
    if (number >= first && number <= last) continue;
    row.remove();
    rows.delete(number);
  }
  for (let number = first; number <= last; number += 1) {
    if (rows.has(number)) continue;
    const row = rowOf(tab, number);
    rows.set(number, row);
    const next = [...rows].filter(([other]) => other > number).sort(([one], [other]) => one - other)[0];
    canvas.insertBefore(row, next ? next[1] : null);  // in order, for those who read the page
  }
}

/**
 * @param {DataTab} tab
 * @param {number} number
 */
function rowOf(tab, number) {
  const { columns, cell, row, gap } = tab.layout;
  const first = number * columns, last = Math.min(tab.page.total, first + columns) - 1;
  const cells = [];
  for (let index = first; index <= last; index += 1) cells.push(pictureOf(tab, index));
  const style = `top: ${number * row}px; height: ${row - gap}px; gap: ${gap}px; `
    + `grid-template-columns: repeat(${columns}, ${cell}px)`;
  return make('div', { class: 'dt-row', role: 'row', 'aria-rowindex': number + 1, style }, ...cells);
}

/**
 * @param {DataTab} tab
 * @param {number} index
 */
function pictureOf(tab, index) {
  const image = tab.loaded[index];
  const column = (index % tab.layout.columns) + 1;
  const size = tab.layout.cell;
  const look = image?.url ? make('img', { src: image.url, alt: '', decoding: 'async', width: size, height: size,
    draggable: 'false' }) : make('div', { class: 'dt-empty' }, image ? 'The file is missing.' : '');
  const check = image ? make('span', { class: 'dt-check', 'aria-hidden': 'true' }, '✓') : null;
  const figure = cellOf(tab, image, index, { 'aria-colindex': column }, look, make('figcaption', {}), check);
  if (image) paintCell(tab, figure, image, index);
  else figure.setAttribute('aria-label', `picture ${index + 1} of ${tab.page.total}, loading`);
  return figure;
}

/**
 * @param {DataTab} tab
 * @param {HTMLElement} figure
 * @param {Picture} image
 * @param {number} index
 */
function paintCell(tab, figure, image, index) {
  const known = tab.states.get(image.image_id);
  const selected = tab.selected.has(image.image_id);
  const state = known ? stateOf(tab, known) : '';
  const label = tab.labelOf(image);
  const gone = known ? known.action === 'delete' : image.deleted;
  const after = AFTER[state] ?? '';
  const said = `${gone && tab.view.show !== 'deleted' ? 'deleted' : label || 'no label'}${after}`;
  const caption = figure.querySelector('figcaption');
  if (caption) {
    caption.textContent = said;
    caption.title = said;
    caption.classList.toggle('bk-quiet', !label);
  }
  figure.dataset.state = state;
  figure.dataset.action = known ? known.action : '';
  figure.classList.toggle('lb-picked', selected);
  figure.classList.toggle('cur', index === tab.current);
  figure.setAttribute('aria-selected', String(selected));
  figure.setAttribute('aria-label', `${said}, picture ${index + 1} of ${tab.page.total}`);
  figure.title = image.name;
}

/**
 * Shows anew what is known of the pictures that are drawn.
 * @param {DataTab} tab
 */
export function paintAll(tab) {
  const { columns } = tab.layout;
  for (const [number, row] of tab.rows) {
    [...row.children].forEach((figure, column) => {
      const index = number * columns + column, image = tab.loaded[index];
      if (image && figure instanceof HTMLElement) paintCell(tab, figure, image, index);
    });
  }
}

// ------------------------------------------------------------------------------------------------- pictures that come

/**
 * Takes over pictures of an answer.
 * @param {DataTab} tab
 * @param {PicturePart} answer
 */
export function take(tab, answer) {
  answer.images.forEach((image, number) => { tab.loaded[answer.start + number] = image; });
}

/**
 * Asks for the pictures near those in sight that are not there yet, once the grid is no longer scrolled.
 * @param {DataTab} tab
 */
export function scrolled(tab) {
  if (!tab.grid.clientHeight) return;
  tab.top = tab.grid.scrollTop;
  drawRows(tab);
  clearTimeout(pauses.get(tab));
  pauses.set(tab, setTimeout(() => fill(tab), PAUSE));
}

/** @type {WeakMap<DataTab, ReturnType<typeof setTimeout>>} */
const pauses = new WeakMap();

/**
 * Asks for the pictures near those in sight that are not there yet.
 * @param {DataTab} tab
 */
export function fill(tab) {
  const { grid, layout, page, loaded } = tab;
  const [first, last] = rowsInSight(layout, grid.scrollTop, grid.clientHeight, page.total);
  const end = Math.min(page.total, (last + 1) * layout.columns) - 1;
  const starts = missingParts(first * layout.columns, end, PART, (cell) => loaded[cell] !== undefined);
  for (const start of starts) if (!tab.asked.has(start)) ask(tab, start);
}

/**
 * @param {DataTab} tab
 * @param {number} start
 */
async function ask(tab, start) {
  const number = tab.loading, { asked } = tab;
  asked.add(start);
  /** @type {PicturePart | Failure} */
  const answer = await tab.call('part', { ...tab.view, start, n: PART });
  asked.delete(start);
  if (number !== tab.loading || failed(answer)) return;
  if (answer.version !== tab.page.version) return tab.load();  // somebody imported or decided something
  take(tab, answer);
  const { columns } = tab.layout;
  for (const [row, element] of tab.rows) {
    if ((row + 1) * columns <= start || row * columns >= start + PART) continue;
    const fresh = rowOf(tab, row);
    element.replaceWith(fresh);
    tab.rows.set(row, fresh);
  }
  if (tab.view.picture) showLarge(tab);  // the one that is open may have come only now
}

/**
 * Returns which pictures a new answer should have, so that all in sight come at once.
 * @param {DataTab} tab
 */
export function partInSight({ grid, layout, page }) {
  const [first, last] = rowsInSight(layout, grid.scrollTop, grid.clientHeight, page.total);
  const n = (last - first + 1) * layout.columns;
  return { start: Math.max(0, first * layout.columns), n: Math.max(PART, Math.min(200, n)) };
}

// --------------------------------------------------------------------------------------- the current one, and selection

/**
 * Shows which picture is the current one.
 * @param {DataTab} tab
 * @param {boolean} [focus]
 */
export function mark(tab, focus = true) {
  if (focus) {
    tab.grid.scrollTop = topToSee(tab.layout, tab.current, tab.grid.scrollTop, tab.grid.clientHeight);
    drawRows(tab);
    fill(tab);
  }
  markCurrent(tab, focus);
}

/**
 * Selects a picture, or no longer.
 * @param {DataTab} tab
 * @param {number} index
 */
export function pick(tab, index) {
  const image = tab.loaded[index];
  if (!image) return;
  tab.current = tab.anchor = index;
  toggle(tab.selected, image.image_id);
  tab.refresh();
  mark(tab);
}

/**
 * Adds all pictures from the anchor to another place; the studio names those that are not here.
 * @param {DataTab} tab
 * @param {number} to
 */
export async function selectTo(tab, to) {
  const first = Math.min(tab.anchor, to), last = Math.max(tab.anchor, to);
  const holes = missingParts(first, last, PART, (cell) => tab.loaded[cell] !== undefined);
  if (!holes.length) addRange(tab.selected, tab.loaded, tab.anchor, to);
  else {
    /** @type {{ ids: string[], version: string } | Failure} */
    const answer = await tab.call('range_ids', { ...tab.view, first, last });
    if (failed(answer)) return;
    for (const id of answer.ids) tab.selected.add(id);
  }
  tab.refresh();
}
