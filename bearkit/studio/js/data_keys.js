// What the keys of the Data tab do, and what its palette offers.

/** @import { DataTab } from './data_types' */

import { decide, undoOrRedo } from './data_decide.js';
import { mark, pick, selectTo } from './data_grid.js';
import { KEYS, refresh } from './data_page.js';
import { openAt } from './grid_cell.js';
import { jumped } from './grid_window.js';
import { showHelp } from './help.js';
import { dataAction, isMove, moved } from './keys.js';
import { hideLarge, markExample, toggleLarge } from './large.js';
import { findLabels } from './offers.js';
import { shownImage } from './page.js';
import { tidy } from './text.js';

/**
 * Goes to another picture.
 * @param {DataTab} tab
 * @param {number} to
 * @param {boolean} [range] whether the pictures on the way are selected
 */
export function go(tab, to, range = false) {
  if (to < 0 || to >= tab.page.total) return;
  if (!range) tab.anchor = to;
  else if (!tab.selected.size) tab.anchor = tab.current;
  tab.current = to;
  mark(tab);
  if (range) selectTo(tab, to);
}

/** @param {DataTab} tab */
export function likeThis(tab) {
  const image = shownImage(tab);
  if (!image) return;
  Object.assign(tab.view, { sort: 'likeness', near: [...tab.selected].at(-1) ?? image.image_id });
  tab.filtered('near');
}

/** @param {DataTab} tab */
function leave(tab) {
  if (!tab.side.hidden) return hideLarge(tab);
  tab.selecting = false;
  tab.selected.clear();
  refresh(tab);
}

/**
 * Returns what the palette offers for a text.
 * @param {DataTab} tab
 * @param {string} text
 */
export function offer(tab, text) {
  const { begin: first, contain, fresh } = findLabels(tab.page.labels.map(([label]) => label), text);
  const entry = (/** @type {string} */ label) => ({ text: label, act: () => decide(tab, 'relabel', label) });
  const offers = [...first, ...contain].map(entry);
  if (fresh) offers.push({ ...entry(fresh), text: `New label: ${fresh}` });
  if (!tidy(text)) offers.push({ text: 'No label: remove it', act: () => decide(tab, 'unlabel') });
  return { offers, chosen: tidy(text) ? 0 : -1 };  // Enter in an empty field must not label many pictures
}

/**
 * @param {DataTab} tab
 * @param {KeyboardEvent} event
 * @param {HTMLDialogElement} help
 * @returns {boolean} whether the key was for the grid
 */
export function handleKey(tab, { key, shiftKey, repeat, target }, help) {
  const { layout, grid, page, current } = tab;
  if (!page.version) return false;
  const inside = target instanceof Node && tab.element.contains(target);
  if (isMove(key)) {
    go(tab, moved(key, current, layout.columns, page.total), shiftKey);
    return true;
  }
  const to = inside ? jumped(key, current, layout, grid.clientHeight, page.total) : null;
  if (to !== null) { go(tab, to, shiftKey); return true; }
  if (repeat) return false;
  /** @type {Record<string, () => void>} */
  const acts = {
    label: tab.chooseLabel, delete: () => { if (tab.view.show !== 'deleted') decide(tab, 'delete'); },
    restore: () => { if (tab.view.show === 'deleted') decide(tab, 'keep'); },
    undo: () => undoOrRedo(tab, 'undo'), redo: () => undoOrRedo(tab, 'redo'), large: () => toggleLarge(tab),
    open: () => openAt(tab, current), select: () => pick(tab, current), all: () => selectAll(tab),
    like: () => likeThis(tab), example: () => markExample(tab), search: () => tab.search.focus(),
    leave: () => leave(tab), help: () => showHelp(help, KEYS),
  };
  const act = acts[dataAction(key)];
  act?.();
  return Boolean(act);
}

/** @param {DataTab} tab */
function selectAll(tab) {
  tab.anchor = 0;
  selectTo(tab, tab.page.total - 1);
}
