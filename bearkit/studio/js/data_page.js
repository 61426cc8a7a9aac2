// What the Data tab shows around its grid: search, filters, the number of pictures, and buttons for a selection.

/** @import { DataTab } from './data_types' */
/** @import { Row } from './help' */

import { paintAll } from './data_grid.js';
import { make } from './dom.js';
import { choice } from './filters.js';
import { hideLarge } from './large.js';
import { showSaved } from './page.js';
import { plural, short } from './text.js';

export const SHOWN = { '': 'all', unlabelled: 'no label', deleted: 'deleted' };
export const SPLITS = { '': 'all', train: 'train', valid: 'valid', test: 'test', none: 'none' };
/** @type {Record<string, string>} */
export const SOURCES = {
  '': 'all', web: 'web addresses', hub: 'Hugging Face Hub', dropped: 'dropped files', camera: 'camera',
  files: 'folders and zips',
};
export const SORTS = {
  '': 'newest first', oldest: 'oldest first', label: 'label', name: 'file name', doubt: 'most doubtful label',
  likeness: 'most alike',
};
/** @type {Row[]} */
export const KEYS = [
  ['Arrows', 'move'], ['Home, End, Page up, Page down', 'move far'], ['Click, Enter, Space', 'open a picture beside the grid'],
  ['k', 'select a picture, or no longer; so does a click on its tick'],
  ['Shift and click, Shift and arrows, drag', 'select a range'], ['a', 'select all that the filters show'],
  ['l', 'type a label for the selected pictures, also a new one'], ['d', 'delete them'],
  ['R', 'restore them, where deleted pictures are shown'], ['u', 'undo'], ['r', 'redo'],
  ['L', 'sort by likeness to this picture'], ['E', 'use as example of its label'], ['/', 'search'],
  ['Esc', 'close the picture; then select nothing'], ['?', 'these keys'],
];

/** @param {DataTab} tab */
export function drawBar(tab) {
  const { page, menus, view } = tab;
  const focused = document.activeElement instanceof HTMLSelectElement && menus.contains(document.activeElement)
    ? document.activeElement.name : '';
  /** @type {[string, string][]} */
  const labels = page.labels.filter(([, n]) => n).map(([label, n]) => [label, `${short(label)} (${n})`]);
  /** @type {Record<string, number>} */
  const counts = { '': page.all, unlabelled: page.unlabelled, deleted: page.deleted };
  const shown = Object.entries(SHOWN).map(([name, text]) =>
    /** @type {[string, string]} */ ([name, `${text} (${counts[name]})`]));
  const sources = ['', ...page.sources].map((name) => /** @type {[string, string]} */ ([name, SOURCES[name] ?? name]));
  const several = page.sources.length > 1 || view.source;
  menus.replaceChildren(
    choice(tab, 'show', shown),
    choice(tab, 'named', [['', 'all'], ...labels]),
    choice(tab, 'part', Object.entries(SPLITS)),
    ...(several ? [choice(tab, 'source', sources)] : []),
    sortChoice(tab));
  for (const select of menus.querySelectorAll('select')) if (select.name === focused) select.focus();
  tab.search.value = document.activeElement === tab.search ? tab.search.value : view.find ?? '';
}

/**
 * Returns the menu of orders; those that are not possible say why.
 * @param {DataTab} tab
 */
function sortChoice(tab) {
  const labels = tab.page.labels.filter(([, n]) => n).length;
  /** @type {Record<string, string>} */
  const why = {
    doubt: labels < 2 ? ' (needs two labels)' : '',
    likeness: tab.page.total ? '' : ' (needs a picture)',
  };
  const options = Object.entries(SORTS).map(([name, text]) =>
    /** @type {[string, string]} */ ([name, `${text}${why[name] ?? ''}`]));
  const menu = choice(tab, 'sort', options);
  for (const option of menu.querySelectorAll('option')) option.disabled = Boolean(why[option.value]);
  return menu;
}

/**
 * Draws everything around the grid.
 * @param {DataTab} tab
 */
export function draw(tab) {
  const { page, grid, side } = tab;
  drawBar(tab);
  tab.count.textContent = countOf(tab);
  grid.hidden = !page.total;
  tab.notice.replaceChildren(...(page.total || !page.version ? [] : [emptyState(tab)]));
  if (!page.total && !side.hidden) hideLarge(tab);
  refresh(tab);
}

/** @param {DataTab} tab */
function countOf({ page, view }) {
  const all = view.show === 'deleted' ? page.deleted : page.all;
  return page.total === all ? plural(all, 'picture') : `${page.total} of ${plural(all, 'picture')}`;
}

/** @param {DataTab} tab */
function emptyState(tab) {
  const none = tab.view.show === 'deleted' && !tab.page.deleted;
  const all = make('button', { type: 'button', onclick: () => tab.filtered('') }, 'Show all pictures');
  return make('div', { class: 'bk-note' }, none ? 'No picture is deleted.' : 'No picture fits.', ' ', all);
}

/**
 * Shows what is selected, and which buttons can be pressed.
 * @param {DataTab} tab
 */
export function refresh(tab) {
  const { selected, side, buttons, root, view } = tab;
  const some = selected.size > 0 || !side.hidden;
  for (const button of tab.forSome) button.disabled = !some;
  buttons.remove.hidden = view.show === 'deleted';
  buttons.restore.hidden = view.show !== 'deleted';
  buttons.select.setAttribute('aria-pressed', String(tab.selecting));
  tab.tools.dataset.some = String(some);
  tab.picked.textContent = selected.size ? `${selected.size} selected` : '';
  root.classList.toggle('dt-selecting', tab.selecting || selected.size > 0);
  showSaved(tab);
  paintAll(tab);
}
