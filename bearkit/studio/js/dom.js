// Builds elements. Everything on the page is built with it: labels and file names are never read as HTML or code.

/** @typedef {string | Node | null | undefined} Child */

/**
 * Returns a new element. Attributes that begin with "on" are handlers; those that are false, null or undefined are left
 * out, and so are such children.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) Object.assign(node, { [name]: value });
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
