// The decisions of the Review tab.

/** @import { Choice, Entry, Failure, ReviewTab, ShownAction, StepEvent, Stored } from './types' */
/** @import { Suspect, Undone, UndoneRow } from './types' */

import { allStored, hint, isEarly, isLoading, notYet, reviewerOf, showError, shownImage } from './page.js';
import { paint } from './review_grid.js';
import { failed } from './server.js';
import { decidedId, followAnswer, noteStep } from './states.js';
import { plural } from './text.js';

/**
 * Decides about the current picture, and goes to the next one.
 * @param {ReviewTab} tab
 * @param {ShownAction} action
 * @param {string | null} [to]
 */
export function decide(tab, action, to = null) {
  const suspect = shownImage(tab);
  if (!suspect || isLoading(tab)) return;
  hint(tab, '');
  const same = action === 'relabel' && to === suspect.given;  // the same label means keep
  if (action === 'relabel' && to) offerLabel(tab, to);
  send(tab, [same ? { image: suspect, action: 'keep', to: null } : { image: suspect, action, to }]);
  const next = tab.page.suspects.findIndex((one, index) => index > tab.current && !tab.states.has(one.image_id));
  if (next >= 0) tab.current = next;
  tab.mark();
}

/**
 * Gives the current picture the label of a digit key.
 * @param {ReviewTab} tab
 * @param {number} key
 */
export function decideByDigit(tab, key) {
  const label = tab.page.order[key - 1];
  if (label && tab.page.labels.includes(label)) return decide(tab, 'relabel', label);
  const gone = `Key ${key} is for ${label}, which no picture has now: press l to choose it.`;
  hint(tab, label ? gone : `Key ${key} has no label yet: press l and type one.`);
}

/**
 * @param {ReviewTab} tab
 * @param {Entry<Suspect>[]} entries
 * @param {boolean} [implied] whether the pictures were only confirmed with the rest of the page
 */
function send(tab, entries, implied = false) {
  const { page } = tab;
  const token = noteStep(tab, entries);
  tab.outbox.add({
    project: page.project, kind: page.decided_as, reviewer: reviewerOf(tab), run: page.run, since: page.since,
    view: page.view, implied, token, choices: entries.map(choiceOf),
  });
  for (const { image } of entries) paint(tab, image, page.suspects.indexOf(image));
}

/**
 * @param {Entry<Suspect>} entry
 * @returns {Choice}
 */
function choiceOf(entry) {
  const { image, action, to } = entry;
  if (action === 'other') return { image_id: decidedId(entry), action: 'delete', to: null };
  return { image_id: image.image_id, action, to: action === 'keep' ? image.given || null : to };
}

/**
 * Stores the page: the rest is kept, or gets the labels that are proposed; then the next page.
 * @param {ReviewTab} tab
 */
export function confirmPage(tab) {
  const { page } = tab;
  if (isLoading(tab) || !page.suspects.length || isEarly(tab)) return;
  const unlabelled = page.kind === 'unlabelled';
  const left = page.suspects.filter((suspect) => !tab.states.has(suspect.image_id));
  if (unlabelled && left.some((suspect) => !suspect.predicted)) {
    if (left.length < page.suspects.length) tab.load();
    else hint(tab, 'Nothing is proposed for these pictures: press l and type the label of this picture.');
    return;
  }
  hint(tab, '');
  /** @type {Entry<Suspect>[]} */
  const entries = left.map((image) => (
    unlabelled ? { image, action: 'relabel', to: image.predicted } : { image, action: 'keep', to: null }));
  const said = entries.filter(({ image }) => unlabelled || image.given);  // a picture without a label waits for one
  // A deleted picture comes back only by a key of its own.
  if (said.length && page.kind !== 'deleted') send(tab, said, true);
  if (page.set) tab.turn(page.suspects.length);
  else tab.load();
}

/**
 * Follows the answer to a step.
 * @param {ReviewTab} tab
 * @param {StepEvent} event
 */
export function followOutbox(tab, event) {
  const { entries, unchanged } = followAnswer(tab, event);
  if (event.kind === 'stored') useStoredLabels(tab, entries, event.answer);
  else for (const { to } of entries) if (to) withdrawLabel(tab, to);
  const those = plural(unchanged, 'picture');
  if (unchanged > 0) tab.news = `Others had already decided ${those} of the last page; left unchanged.`;
  if (event.kind === 'stored' && event.answer.order) tab.page.order = event.answer.order;
}

/**
 * @param {ReviewTab} tab
 * @param {string} label
 */
function offerLabel({ page, typedHere }, label) {
  if (page.labels.includes(label)) return;
  page.labels.push(label);
  typedHere.add(label);
}

/**
 * @param {ReviewTab} tab
 * @param {string} label
 */
function withdrawLabel({ page, typedHere }, label) {
  if (typedHere.delete(label)) page.labels = page.labels.filter((one) => one !== label);
}

/**
 * The studio normalizes labels: offer the stored spelling, not the typed one.
 * @param {ReviewTab} tab
 * @param {Entry<Suspect>[]} entries
 * @param {Stored} answer
 */
function useStoredLabels(tab, entries, answer) {
  for (const { image, to } of entries) {
    const label = answer.labels?.[image.image_id];
    if (to && label && label !== to) { withdrawLabel(tab, to); offerLabel(tab, label); }
  }
  if (answer.notes?.length) hint(tab, `${answer.notes.join('. ')}.`);
}

/**
 * Undoes or redoes the reviewer's last step.
 * @param {ReviewTab} tab
 * @param {'undo' | 'redo'} action
 */
export async function undoOrRedo(tab, action) {
  if (isLoading(tab)) return;
  if (!await allStored(tab)) return hint(tab, notYet(action));
  /** @type {Undone | Failure} */
  const answer = await tab.call('undo_or_redo', { action, reviewer: reviewerOf(tab) });
  if (failed(answer)) return showError(tab, answer);
  tab.notice.querySelector('[role=alert]')?.remove();
  tab.outbox.countSoon();
  const here = new Map(tab.page.suspects.flatMap((suspect) => idsOf(suspect).map((id) => [id, suspect])));
  if (action === 'undo' && answer.rows.some((row) => !here.has(row.image_id))) return tab.load(answer.message);
  for (const row of answer.rows) {
    const suspect = here.get(row.image_id);
    if (suspect) showDecision(tab, suspect, row);
    else if (action === 'redo') countDecision(tab, row);
  }
  const first = here.get(answer.rows[0]?.image_id ?? '');
  tab.current = first ? tab.page.suspects.indexOf(first) : 0;
  tab.refresh();
  hint(tab, answer.message);
  tab.mark();
}

/** @param {Suspect} suspect */
function idsOf({ image_id: id, twin }) {
  return twin ? [id, twin.image_id] : [id];
}

/**
 * Shows the valid decision about a picture after an undo or a redo.
 * @param {ReviewTab} tab
 * @param {Suspect} suspect
 * @param {UndoneRow} row
 */
function showDecision(tab, suspect, { image_id: id, now }) {
  if (!now || now.id <= tab.page.since) return tab.states.delete(suspect.image_id);
  const action = id === suspect.image_id ? now.action : 'other';
  const others = now.by === reviewerOf(tab) ? '' : now.by;
  tab.states.set(suspect.image_id, { action, to: now.to, state: 'stored', number: tab.number, others });
}

/**
 * @param {ReviewTab} tab
 * @param {UndoneRow} row
 */
function countDecision({ page: { progress } }, { action }) {
  if (!progress) return;
  progress.decided += 1;
  if (['relabel', 'label', 'unlabel'].includes(action)) progress.changed += 1;
  if (action === 'delete') progress.deleted += 1;
}
