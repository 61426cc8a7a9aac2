// What a person decides about the selected pictures of the Data tab, or about the one that is open.

/** @import { DataTab, Picture } from './data_types' */
/** @import { Action, Failure, StepEvent, Undone } from './types' */

import { make } from './dom.js';
import { paintAll } from './data_grid.js';
import { allStored, hint, notYet, reviewerOf, shownImage, showError } from './page.js';
import { failed } from './server.js';
import { followAnswer, noteStep } from './states.js';
import { plural, short } from './text.js';

const SHOWN = 8000;    // milliseconds that a message stays
const TOGETHER = 300;  // milliseconds in which several decisions make one new look at the catalogue

/**
 * Returns the pictures that a button or a key is about: those that are selected, else the open one, else the current
 * one if the grid has the focus.
 * @param {DataTab} tab
 * @returns {string[]} image ids
 */
export function targets(tab) {
  if (tab.selected.size) return [...tab.selected];
  const image = shownImage(tab);
  const meant = !tab.side.hidden || tab.element.contains(document.activeElement);
  return image && meant ? [image.image_id] : [];
}

/**
 * Decides about the selected pictures, or the open one, as one step.
 * @param {DataTab} tab
 * @param {Action} action
 * @param {string | null} [to] the label
 */
export function decide(tab, action, to = null) {
  const ids = targets(tab);
  if (!ids.length) return hint(tab, 'Select some pictures first: click the tick of a picture, or press k.');
  const images = ids.map((id) => pictureOf(tab, id));
  const token = noteStep(tab, images.map((image) => ({ image, action, to })));
  tab.outbox.add({
    project: tab.page.project, kind: null, reviewer: reviewerOf(tab), run: null, since: tab.page.since, view: null,
    implied: false, token, choices: ids.map((id) => ({ image_id: id, action, to })),
  });
  tab.selected.clear();
  tab.refresh();
  say(tab, `${plural(ids.length, 'picture')}: ${inWords(action, to)}.`);
}

/**
 * Returns a picture by its id; one that is not here is known by nothing else.
 * @param {DataTab} tab
 * @param {string} id
 * @returns {Picture}
 */
function pictureOf({ loaded }, id) {
  const known = loaded.find((image) => image?.image_id === id);
  return known ?? { image_id: id, path: '', url: null, label: '', name: '', deleted: false };
}

/**
 * @param {Action} action
 * @param {string | null} to
 */
function inWords(action, to) {
  return { delete: 'deleted', keep: 'restored', unlabel: 'label removed' }[/** @type {string} */ (action)] ?? short(to ?? '');
}

/**
 * Says for a moment what was done, perhaps beside a button that takes it back.
 * @param {DataTab} tab
 * @param {string} text
 * @param {boolean} [undoable]
 */
function say(tab, text, undoable = true) {
  const said = make('span', {}, text);
  const undo = make('button', { type: 'button', onclick: () => undoOrRedo(tab, 'undo') }, 'Undo');
  tab.hintBox.replaceChildren(said, ...(undoable ? [' ', undo] : []));
  setTimeout(() => { if (said.isConnected) hint(tab, ''); }, SHOWN);
}

/**
 * Follows the answer to a step: the pictures are read again, since some may no longer fit the filters.
 * @param {DataTab} tab
 * @param {StepEvent} event
 */
export function followOutbox(tab, event) {
  const { entries } = followAnswer(tab, event);
  paintAll(tab);
  if (!entries.length || event.kind === 'refused') return;
  if (event.kind === 'stored' && event.answer.notes?.length) say(tab, `${event.answer.notes.join('. ')}.`);
  clearTimeout(soon.get(tab));
  soon.set(tab, setTimeout(() => {
    tab.load();
    tab.stored();
  }, TOGETHER));
}

/** @type {WeakMap<DataTab, ReturnType<typeof setTimeout>>} */
const soon = new WeakMap();

/**
 * Undoes or redoes the reviewer's last step.
 * @param {DataTab} tab
 * @param {'undo' | 'redo'} action
 */
export async function undoOrRedo(tab, action) {
  if (!await allStored(tab)) return hint(tab, notYet(action));
  /** @type {Undone | Failure} */
  const answer = await tab.call('undo_or_redo', { action, reviewer: reviewerOf(tab) });
  if (failed(answer)) return showError(tab, answer);
  tab.notice.replaceChildren();
  say(tab, answer.message, false);
  tab.outbox.countSoon();
  tab.stored();
  await tab.load();
}
