// What the grids of all tabs have in common: the cell of a picture, and which one is the current one.

/** @import { GridTab, PageImage } from './types' */
/** @import { Child } from './dom' */

import { make } from './dom.js';
import { showLarge } from './large.js';
import { scrollIntoSight } from './page.js';

/** @typedef {GridTab<any>} AnyTab */

/**
 * Returns the cell of a picture.
 * @param {AnyTab} tab
 * @param {PageImage | undefined} image undefined while it is not loaded
 * @param {number} index its place
 * @param {Record<string, unknown>} more attributes
 * @param {...Child} children
 */
export function cellOf({ area }, image, index, more, ...children) {
  const own = { id: `${area}-${index}`, role: 'gridcell', 'data-id': image?.image_id, title: image?.path };
  return make('figure', { ...own, ...more }, ...children);
}

/**
 * Makes a picture the current one, and shows it large.
 * @param {AnyTab} tab
 * @param {number} index
 */
export function openAt(tab, index) {
  tab.current = index;
  tab.mark();
  showLarge(tab);
}

/**
 * Shows which picture is the current one.
 * @param {AnyTab} tab
 * @param {boolean} focus whether the grid gets the focus
 */
export function markCurrent(tab, focus) {
  const { area, current, grid, foot, root, side } = tab;
  /** @type {HTMLElement | null} */
  const cell = grid.querySelector(`#${area}-${current}`);
  for (const one of grid.querySelectorAll('figure.cur')) if (one !== cell) one.classList.remove('cur');
  cell?.classList.add('cur');
  root.style.setProperty('--rv-foot', `${foot.offsetHeight}px`);
  if (cell) grid.setAttribute('aria-activedescendant', cell.id);
  else grid.removeAttribute('aria-activedescendant');
  if (focus) {
    grid.focus({ preventScroll: true });
    scrollIntoSight(tab, cell);
  }
  if (!side.hidden) showLarge(tab);
}
