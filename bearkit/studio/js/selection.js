// Which pictures of a page are selected.

/** @typedef {{ image_id: string }} Image */

/**
 * Selects a picture, or no longer.
 * @param {Set<string>} selected image ids
 * @param {string} id
 */
export function toggle(selected, id) {
  if (!selected.delete(id)) selected.add(id);
}

/**
 * Adds the pictures from one to another, in either direction.
 * @param {Set<string>} selected image ids
 * @param {Image[]} images of the page; those that are not loaded yet may be missing
 * @param {number} anchor where the range begins
 * @param {number} current where it ends
 */
export function addRange(selected, images, anchor, current) {
  const range = images.slice(Math.min(anchor, current), Math.max(anchor, current) + 1);
  range.forEach(({ image_id: id }) => selected.add(id));  // skips holes
}

/**
 * Selects all of these pictures; none of them, if all are selected.
 * @param {Set<string>} selected image ids
 * @param {Image[]} images
 */
export function toggleAll(selected, images) {
  const all = images.every((image) => selected.has(image.image_id));
  for (const { image_id: id } of images) {
    if (all) selected.delete(id);
    else selected.add(id);
  }
}

/**
 * Returns the place of the picture that an arrow key leads to, as the pictures lie on the screen: the rows of a page
 * may have different lengths.
 * @param {string} key
 * @param {number} current
 * @param {{ left: number, top: number, height: number }[]} boxes of the pictures
 * @returns {number} the current place where there is none in this direction
 */
export function placeInDirection(key, current, boxes) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  const from = boxes[current];
  if (step) return boxes[current + step] ? current + step : current;
  if (!from) return current;
  const down = key === 'ArrowDown' ? 1 : -1;
  let best = current, least = Infinity;
  boxes.forEach((box, index) => {
    if (down * (box.top - from.top) <= from.height / 2) return;
    const far = Math.abs(box.top - from.top) * 1000 + Math.abs(box.left - from.left);
    if (far < least) [best, least] = [index, far];
  });
  return best;
}
