// Words and labels as the page shows them.

/**
 * Returns a number with its word, such as "3 pictures".
 * @param {number} count
 * @param {string} word
 */
export function plural(count, word) {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/**
 * Returns a label in at most 30 letters.
 * @param {string} label
 */
export function short(label) {
  const letters = [...label];
  return letters.length > 30 ? `${letters.slice(0, 29).join('')}…` : label;
}

/**
 * Returns a text without invisible letters and extra blanks, to find a label by it. The studio decides how a label is
 * stored.
 * @param {string} text
 */
export function tidy(text) {
  const seen = text.normalize('NFC').replace(/[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff]/g, '');
  return seen.replace(/\s+/g, ' ').trim();
}
