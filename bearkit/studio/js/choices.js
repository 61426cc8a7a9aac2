// What Enter will store for the pictures of a page that is labelled: the proposals, and the choices made instead.

/** @import { Choices, LabelImage, Made } from './label_types' */
/** @import { Entry, State, UndoneRow } from './types' */

/**
 * Returns what Enter stores: the choice for each picture, or its proposed label. Pictures that were sent already, and
 * labelled ones that nobody chose anything for, stay as they are.
 * @param {LabelImage[]} images of the page
 * @param {Map<string, Made>} choices by image id
 * @param {Map<string, State>} states of what was sent
 * @returns {Entry<LabelImage>[]}
 */
export function entriesOf(images, choices, states) {
  return images.flatMap((image) => {
    if (states.has(image.image_id)) return [];
    const made = choices.get(image.image_id);
    if (made) return [{ image, ...made }];
    return image.proposed && !image.given ? [{ image, action: 'label', to: image.proposed }] : [];
  });
}

/**
 * Returns the choices for the pictures of an undone step: what they got, other than the label that most of them had.
 * @param {UndoneRow[]} rows
 * @returns {Map<string, Made>}
 */
export function exceptions(rows) {
  /** @type {Map<string | null, number>} */
  const counts = new Map();
  for (const { action, to } of rows) if (action === 'label') counts.set(to, (counts.get(to) || 0) + 1);
  const [most] = [...counts].sort(([, one], [, other]) => other - one)[0] || [];
  /** @type {Map<string, Made>} */
  const found = new Map();
  for (const { image_id: id, action, to } of rows) {
    if (to !== most && (action === 'label' || action === 'keep' || action === 'delete')) {
      found.set(id, { action, to: action === 'label' ? to : null });
    }
  }
  return found;
}

/**
 * Returns the page's images in runs of one proposed label, or of one label that they have already.
 * @param {LabelImage[]} images
 */
export function groupsOf(images) {
  /** @type {{ label: string | null, given: boolean, images: LabelImage[] }[]} */
  const found = [];
  for (const image of images) {
    const last = found.at(-1);
    if (last && last.label === image.proposed && last.given === image.given) last.images.push(image);
    else found.push({ label: image.proposed, given: image.given, images: [image] });
  }
  return found;
}

/**
 * Takes back or repeats the last choice on the page.
 * @param {{ choices: Map<string, Made>, current: number }} now
 * @param {Choices[]} from earlier ones, or those that were taken back
 * @param {Choices[]} to where the present ones go
 * @returns {boolean} false if there is none
 */
export function stepBack(now, from, to) {
  const last = from.pop();
  if (!last) return false;
  to.push({ choices: now.choices, current: now.current });
  Object.assign(now, last);
  return true;
}
