// What the page's address says: the open tab, and the filters of a tab.

/** @typedef {Record<string, string>} View the filters of a tab, by their names in the address */

/**
 * What the filters of a tab may be.
 * @typedef {object} Filters
 * @property {View} first the value of each without an address
 * @property {Record<string, Record<string, string>>} choices the options of those that have only these
 * @property {string} [size] which of them is the number of images of a page, if pages have one
 */

const MOST = 200;  // images of a page
/** @type {Record<string, string[]>} */
const OF_LINKS = {  // a link that names one of these replaces all
  review: ['kind', 'run', 'split', 'label', 'predicted', 'order', 'rest', 'start', 'at'],
};

/**
 * Returns the filters that an address names; the first value of those that it does not name or that make no sense.
 * @param {string} search of the address, such as "?tab=label&many=12"
 * @param {Filters} filters
 * @returns {View}
 */
export function readView(search, { first, choices, size }) {
  const query = new URLSearchParams(search);
  /** @type {View} */
  const view = {};
  for (const [name, value] of Object.entries(first)) {
    const asked = query.get(name) || value;
    view[name] = choices[name] && !Object.hasOwn(choices[name], asked) ? value : asked;
  }
  const n = size ? Number(view[size]) : 1;
  if (size && !(n >= 1 && n <= MOST)) view[size] = first[size] ?? '';
  return view;
}

/**
 * Returns an address with these filters; those that are empty are left out.
 * @param {string} address
 * @param {View} view
 */
export function withView(address, view) {
  const url = new URL(address);
  for (const [name, value] of Object.entries(view)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url;
}

/**
 * Returns the tab that an address names.
 * @param {string} search of the address
 */
export function tabOf(search) {
  return new URLSearchParams(search).get('tab') || 'data';
}

/**
 * Returns the address after a link to a tab was followed. A filter that the link does not name stays, unless the link
 * names another filter of the same set.
 * @param {string} address
 * @param {string} link such as "?tab=review&kind=deleted"
 */
export function followed(address, link) {
  const query = new URLSearchParams(link);
  const url = new URL(address);
  const filters = OF_LINKS[query.get('tab') || ''] || [];
  if (filters.some((name) => query.has(name))) for (const name of filters) url.searchParams.delete(name);
  for (const [name, value] of query) url.searchParams.set(name, value);
  return url;
}

/**
 * Returns the name of a tab from the text of its button, which may say how far its step is: "Label · 120 left".
 * @param {string} text
 */
export function tabInWords(text) {
  return text.trim().toLowerCase().split(' · ')[0] ?? '';
}
