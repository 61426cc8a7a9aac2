// What a page shows of the decisions that were made on it: sent, stored, refused or discarded.

/** @import { Entry, PageImage, Sent, State, StepEvent, Stored, Waiting } from './types' */

/**
 * What a page knows of its decisions.
 * @template {PageImage} Image
 * @typedef {object} Shown
 * @property {Map<string, State>} states by image id
 * @property {Sent<Image>} sent
 * @property {number} number of the last step
 */

/**
 * Returns the id of the image that a decision is about.
 * @param {Entry<PageImage>} entry
 */
export function decidedId({ image, action }) {
  return action === 'other' && image.twin ? image.twin.image_id : image.image_id;
}

/**
 * Notes a step that goes to the outbox.
 * @template {PageImage} Image
 * @param {Shown<Image>} shown
 * @param {Entry<Image>[]} entries
 * @returns {string} the token of the step
 */
export function noteStep(shown, entries) {
  const token = crypto.getRandomValues(new Uint32Array(4)).join('-');
  shown.number += 1;
  shown.sent.set(token, { entries, number: shown.number });
  for (const { image, action, to } of entries) {
    shown.states.set(image.image_id, { action, to, state: 'pending', number: shown.number });
  }
  return token;
}

/**
 * Marks the pictures of a new page whose decisions still wait in the outbox, perhaps since before a reload.
 * @template {PageImage} Image
 * @param {Shown<Image>} shown
 * @param {Image[]} images
 * @param {Waiting[]} waiting
 */
export function markWaiting(shown, images, waiting) {
  const here = new Map(images.map((image) => [image.image_id, image]));
  for (const { step, refused } of waiting) {
    shown.number += 1;
    const entries = step.choices.flatMap(({ image_id: id, action, to }) => {
      const image = here.get(id);
      return image ? [{ image, action, to }] : [];
    });
    shown.sent.set(step.token, { entries, number: shown.number });
    for (const { image, action, to } of entries) {
      shown.states.set(image.image_id, { action, to, state: refused ? 'refused' : 'pending', number: shown.number });
    }
  }
}

/**
 * Follows the answer to a step.
 * @template {PageImage} Image
 * @param {Shown<Image>} shown
 * @param {StepEvent} event
 * @returns {{ entries: Entry<Image>[], unchanged: number }} the decisions of the step, and how many of them the studio
 *   left as they were, since another reviewer had decided
 */
export function followAnswer({ states, sent }, event) {
  const { entries, number } = sent.get(event.step.token) || { entries: [], number: 0 };
  const answer = event.kind === 'stored' ? event.answer : null;
  for (const entry of entries) {
    const known = states.get(entry.image.image_id);
    if (known?.number !== number) continue;  // it was decided again since
    if (event.kind === 'discarded') states.delete(entry.image.image_id);
    else known.state = event.kind;
    if (answer) takeAnswer(known, answer, decidedId(entry));
  }
  return { entries, unchanged: Math.max(0, entries.length - (answer?.stored?.length ?? entries.length)) };
}

/**
 * @param {State} known
 * @param {Stored} answer
 * @param {string} id of the image
 */
function takeAnswer(known, { others, labels }, id) {
  known.others = others?.[id];
  if (known.to) known.to = labels?.[id] || known.to;  // in the spelling of the studio
}
