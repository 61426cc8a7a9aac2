// What the keys of the Label tab do.

/** @import { LabelTab } from './label_types' */

import { isDigit, isMove, labelAction } from './keys.js';
import {
  give, hasUnstored, markExampleOnceStored, remove, setAside, storePage, undoOrRedo,
} from './label_decide.js';
import { go, pick } from './label_grid.js';
import { showKeys } from './label_help.js';
import { toggleMap } from './label_map_input.js';
import { refresh } from './label_page.js';
import { hideLarge, toggleLarge } from './large.js';
import { hint, isLoading, shownImage } from './page.js';

/**
 * @param {LabelTab} tab
 * @param {KeyboardEvent} event
 * @param {HTMLDialogElement} help
 * @returns {boolean} whether the key was for the page
 */
export function handleKey(tab, { key, shiftKey, repeat }, help) {
  if (isMove(key)) {
    go(tab, key, shiftKey);
    return true;
  }
  if (repeat) return true;
  /** @type {Record<string, () => void>} */
  const acts = {
    confirm: () => storePage(tab), large: () => toggleLarge(tab), leave: () => leave(tab),
    help: () => showKeys(tab, help), label: tab.chooseLabel, like: () => likeThis(tab),
    example: () => markExampleOnceStored(tab),
    select: () => pick(tab, tab.current), later: () => setAside(tab), delete: () => remove(tab),
    map: () => toggleMap(tab), undo: () => undoOrRedo(tab, 'undo'), redo: () => undoOrRedo(tab, 'redo'),
  };
  const act = acts[labelAction(key)];
  const label = tab.page.labels.find((one) => one.key && one.key === key);
  if (act) act();
  else if (label) give(tab, label.label);
  else if (isDigit(key)) hint(tab, `Key ${key} has no label yet: press l and type one.`);
  else return false;
  return true;
}

/**
 * Leaves the large picture; without one, the selection.
 * @param {LabelTab} tab
 */
function leave(tab) {
  if (!tab.side.hidden) return hideLarge(tab);
  tab.selected.clear();
  refresh(tab);
}

/**
 * Shows the pictures that are most like the selected or the current one.
 * @param {LabelTab} tab
 */
export function likeThis(tab) {
  const shown = shownImage(tab);
  if (isLoading(tab) || !shown || hasUnstored(tab)) return;
  tab.view.like = [...tab.selected].at(-1) || shown.image_id;
  tab.picks = [];
  tab.view.audit = '';
  tab.load();
}
