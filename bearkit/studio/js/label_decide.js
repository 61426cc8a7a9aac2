// The decisions of the Label tab: what is chosen for pictures, and what Enter stores.

/** @import { LabelImage, LabelTab, Made } from './label_types' */
/** @import { Entry, Failure, OutboxEvent, StepEvent, Undone } from './types' */

import { entriesOf, stepBack } from './choices.js';
import { offerLabel } from './label_set.js';
import { markExample } from './large.js';
import { allStored, busy, hint, isEarly, isLoading, notYet, reviewerOf, showError, shownImage } from './page.js';
import { failed } from './server.js';
import { followAnswer, noteStep } from './states.js';
import { plural } from './text.js';

/**
 * @param {LabelTab} tab
 * @param {string[]} ids
 * @param {Made} made
 */
function choose(tab, ids, made) {
  tab.past.push({ choices: new Map(tab.choices), current: tab.current });
  tab.future = [];
  for (const id of ids) tab.choices.set(id, made);
  if (made.to) offerLabel(tab, made.to);
  tab.refresh();
}

/**
 * Gives a label to the selected pictures; with none selected, to the whole page, which is then stored.
 * @param {LabelTab} tab
 * @param {string} label
 */
export function give(tab, label) {
  const { images, audit } = tab.page;
  if (isLoading(tab) || !images.length) return;
  hint(tab, '');
  /** @type {Made} */
  const made = { action: 'label', to: label };
  if (tab.selected.size || audit) return chooseForSelection(tab, made);
  if (images.every((image) => image.given)) return hint(tab, 'Every picture here has a label: select those to change.');
  if (isEarly(tab)) return;
  const open = images.filter((image) => !image.given && !tab.choices.has(image.image_id));
  choose(tab, open.map((image) => image.image_id), made);
  storePage(tab);
}

/**
 * Chooses for the selected pictures; in an audit, where every picture is looked at alone, none selected means the
 * current one.
 * @param {LabelTab} tab
 * @param {Made} made
 */
export function chooseForSelection(tab, made) {
  const shown = shownImage(tab);
  if (isLoading(tab) || !shown) return;
  const one = tab.page.audit && !tab.selected.size;
  if (!one && !tab.selected.size) return hint(tab, 'Select pictures first: click them, or press k.');
  hint(tab, '');
  choose(tab, one ? [shown.image_id] : [...tab.selected], made);
  tab.selected.clear();
  const next = tab.page.images.findIndex((image, index) => index > tab.current && !tab.choices.has(image.image_id));
  if (one && next >= 0) tab.current = next;
  tab.refresh();
  tab.mark();
}

/** @param {LabelTab} tab */
export const setAside = (tab) => chooseForSelection(tab, { action: 'keep', to: null });
/** @param {LabelTab} tab */
export const remove = (tab) => chooseForSelection(tab, { action: 'delete', to: null });

/**
 * Returns what Enter stores.
 * @param {LabelTab} tab
 */
export function entries({ page, choices, states }) {
  return entriesOf(page.images, choices, states);
}

/**
 * Returns whether nothing is left to store.
 * @param {LabelTab} tab
 */
export function isSettled({ page, states }) {
  return states.size > 0 || page.images.every((image) => image.given);
}

/**
 * Stores the page, and loads the next one.
 * @param {LabelTab} tab
 */
export function storePage(tab) {
  if (isLoading(tab) || !tab.page.images.length) return;
  const made = entries(tab);
  if (!made.length && !isSettled(tab)) return tab.chooseLabel();
  if (isEarly(tab)) return;
  hint(tab, '');
  leavePicks(tab);
  if (made.length) send(tab, made);
  tab.load();
}

/**
 * The page that was chosen on the map is done, and the next one comes.
 * @param {LabelTab} tab
 */
function leavePicks(tab) {
  const seen = new Set(tab.page.images.map((image) => image.image_id.slice(0, 12)));
  const left = tab.picks.filter((id) => !seen.has(id));
  if (tab.picks.length && !left.length) tab.news = 'These were all the pictures that you chose on the map.';
  tab.picks = left;
}

/**
 * @param {LabelTab} tab
 * @param {Entry<LabelImage>[]} made
 */
function send(tab, made) {
  const { page } = tab;
  const token = noteStep(tab, made);
  tab.selected.clear();
  Object.assign(tab, { past: [], future: [], acceptedLast: false, takenBack: false });
  const choices = made.flatMap(({ image: { image_id: id }, action, to }) =>
    (action === 'other' ? [] : [{ image_id: id, action, to }]));
  tab.outbox.add({
    project: page.project, kind: 'label', reviewer: reviewerOf(tab), run: null, since: page.since, view: page.view,
    implied: true, token, choices,
  });
  tab.refresh();
}

/**
 * @param {LabelTab} tab
 * @param {OutboxEvent} event
 */
export function onOutbox(tab, event) {
  if (event.kind === 'back' && tab.retrying) tab.load();
  else if (event.kind === 'pressed') { if (tab.root.offsetParent) tab.grid.focus({ preventScroll: true }); }
  else if ('step' in event) followStep(tab, event);
  else tab.refresh();
}

/**
 * @param {LabelTab} tab
 * @param {StepEvent} event
 */
function followStep(tab, event) {
  const { images } = tab.page;
  const { entries: made, unchanged } = followAnswer(tab, event);
  if (event.kind === 'stored') addExamples(tab, made.map(({ image }) => image.image_id));
  const those = plural(unchanged, 'picture');
  if (unchanged > 0) tab.news = `Others had already labelled ${those} of the last page; left unchanged.`;
  const notes = made.length && event.kind === 'stored' && event.answer.notes?.length ? event.answer.notes : [];
  if (notes.length) tab.news = [tab.news, `${notes.join('. ')}.`].filter(Boolean).join(' ');
  tab.refresh();
  const all = images.length && images.every((image) => tab.states.get(image.image_id)?.state === 'stored');
  // The page was stored later than the next one was asked for.
  if (event.kind === 'stored' && all && !busy(tab)) tab.load();
}

/**
 * Makes pictures whose labels are stored examples of these, where somebody asked for it before.
 * @param {LabelTab} tab
 * @param {string[]} ids
 */
function addExamples(tab, ids) {
  for (const id of ids) {
    const label = tab.states.get(id)?.to;
    if (tab.asExamples.delete(id) && label) tab.call('example', { image_id: id, label, wanted: true });
  }
}

/**
 * Undoes or redoes a choice on this page; without one, the reviewer's last step, or the model's.
 * @param {LabelTab} tab
 * @param {'undo' | 'redo'} action
 */
export async function undoOrRedo(tab, action) {
  if (isLoading(tab)) return;
  const [from, to] = action === 'undo' ? [tab.past, tab.future] : [tab.future, tab.past];
  if (stepBack(tab, from, to)) {
    hint(tab, '');
    tab.refresh();
    return tab.mark();
  }
  if (!await allStored(tab)) return hint(tab, notYet(action));
  const accepted = action === 'undo' ? tab.acceptedLast : tab.takenBack;
  /** @type {Undone | Failure} */
  const answer = await tab.call('undo_or_redo', { action, reviewer: reviewerOf(tab), accepted });
  if (failed(answer)) return showError(tab, answer);
  tab.outbox.countSoon();
  tab.acceptedLast = accepted && action === 'redo';
  tab.takenBack = accepted && action === 'undo';
  tab.loadAfterUndo(answer.message, action === 'undo' && !accepted ? answer.rows : []);
}

/**
 * Returns whether there are choices that another page would lose, and says so.
 * @param {LabelTab} tab
 */
export function hasUnstored(tab) {
  const waiting = [...tab.choices.keys()].some((id) => !tab.states.has(id));
  if (waiting) {
    hint(tab, 'Enter stores your choices first; u takes them back.');
    tab.mark();  // so that these keys are for the grid
  }
  return waiting;
}

/**
 * Makes the current picture an example of its label. A proposal is no label yet, since people may give the picture
 * another one: then it becomes an example once the page is stored.
 * @param {LabelTab} tab
 */
export function markExampleOnceStored(tab) {
  const image = shownImage(tab);
  if (!image || tab.labelOf(image)) return markExample(tab);
  const was = tab.asExamples.delete(image.image_id);
  if (!was) tab.asExamples.add(image.image_id);
  hint(tab, was ? 'This picture will be no example.'
    : 'This picture becomes an example of its label when the page is stored.');
}
