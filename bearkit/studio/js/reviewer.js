// The reviewer's name, and this browser's storage, where it and the waiting decisions are kept.

let named = '';  // the reviewer, if this browser cannot keep the name

/**
 * Reads, writes or removes (null) a value of localStorage.
 * @param {string} name
 * @param {string | null} [value]
 * @returns {string | null} the value; null if there is none, or if the storage is full or blocked
 */
export function storage(name, value) {
  try {
    if (value === undefined) return localStorage.getItem(name);
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
    return value;
  } catch {
    return null;
  }
}

/**
 * Returns the reviewer's name; makes one up if none was typed.
 * @param {string} [now] a name that was just typed, to keep
 * @returns {string}
 */
export function reviewer(now) {
  if (now !== undefined) named = storage('bearkit-reviewer', now.trim()) === null ? now.trim() : '';
  const name = named || (storage('bearkit-reviewer') || '').trim();
  const number = () => crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  return name || reviewer(`reviewer-${number().toString(16).padStart(4, '0')}`);
}
