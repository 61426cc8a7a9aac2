// Which part of a long grid is drawn: all cells have one size, so that every place is known before its picture is.

/**
 * How the cells lie.
 * @typedef {object} Layout
 * @property {number} columns
 * @property {number} cell width of a cell in pixels
 * @property {number} row height of a row with the gap below it
 * @property {number} gap between cells
 * @property {number} height of all rows
 */

/**
 * @param {number} width of the grid in pixels
 * @param {number} total cells
 * @param {{ least: number, gap: number, caption: number, columns?: number }} sizes `least`: the least width of a cell;
 *   `caption`: a cell's height less its width; `columns`: the least number of columns
 * @returns {Layout}
 */
export function layoutOf(width, total, { least, gap, caption, columns: few = 1 }) {
  const columns = Math.max(few, Math.floor((width + gap) / (least + gap)));
  const cell = Math.max(1, Math.floor((width - gap * (columns - 1)) / columns));
  const row = cell + caption + gap;
  return { columns, cell, row, gap, height: Math.ceil(total / columns) * row };
}

/**
 * Returns the first and the last row that are drawn: those in sight, and half as many before and after.
 * @param {Layout} layout
 * @param {number} top pixels that the grid is scrolled down
 * @param {number} seen its height in pixels
 * @param {number} total cells
 * @returns {[number, number]} the last is less than the first if there are none
 */
export function rowsInSight({ columns, row }, top, seen, total) {
  const last = Math.ceil(total / columns) - 1;
  const margin = Math.max(1, Math.ceil(seen / row / 2));
  const first = Math.floor(top / row) - margin;
  return [Math.max(0, Math.min(first, last)), Math.min(last, Math.floor((top + seen) / row) + margin)];
}

/**
 * Returns where the parts begin that have a missing cell.
 * @param {number} first cell
 * @param {number} last cell
 * @param {number} size of a part; each begins at a multiple of it
 * @param {(cell: number) => boolean} has whether a cell is there
 */
export function missingParts(first, last, size, has) {
  const starts = [];
  for (let start = Math.floor(first / size) * size; start <= last; start += size) {
    for (let cell = Math.max(first, start); cell <= Math.min(last, start + size - 1); cell += 1) {
      if (has(cell)) continue;
      starts.push(start);
      break;
    }
  }
  return starts;
}

/**
 * Returns how far the grid is to be scrolled so that a cell is in sight; as far as it is, if it is in sight already.
 * @param {Layout} layout
 * @param {number} cell
 * @param {number} top
 * @param {number} seen
 */
export function topToSee({ columns, row, gap }, cell, top, seen) {
  const above = Math.floor(cell / columns) * row;
  if (above < top) return above;
  return Math.max(top, above + row - gap - seen);
}

/**
 * Returns the cell at a place of the grid, or the nearest one.
 * @param {Layout} layout
 * @param {number} x pixels from the left end of the grid
 * @param {number} y pixels from the top of all rows
 * @param {number} total
 */
export function cellAt({ columns, cell, row, gap }, x, y, total) {
  const column = Math.max(0, Math.min(columns - 1, Math.floor((x + gap / 2) / (cell + gap))));
  return Math.max(0, Math.min(total - 1, Math.max(0, Math.floor(y / row)) * columns + column));
}

/**
 * Returns the cell that a key leads to, by more than an arrow does.
 * @param {string} key
 * @param {number} current
 * @param {Layout} layout
 * @param {number} seen height of the grid in pixels
 * @param {number} total
 * @returns {number | null} null for other keys
 */
export function jumped(key, current, { columns, row }, seen, total) {
  const page = Math.max(1, Math.floor(seen / row)) * columns;
  const places = new Map([['Home', 0], ['End', total - 1], ['PageDown', current + page], ['PageUp', current - page]]);
  const to = places.get(key);
  return to === undefined ? null : Math.max(0, Math.min(total - 1, to));
}
