// Mouse and touch on the grid of the Data tab: a click opens, shift and a drag select a range, a swipe turns.

/** @import { DataTab } from './data_types' */

import { drawRows, mark, pick, selectTo } from './data_grid.js';
import { openAt } from './grid_cell.js';
import { cellAt } from './grid_window.js';
import { addRange } from './selection.js';

const FAR = 6;     // pixels after which a press is a drag
const EDGE = 40;   // pixels at the ends of the grid where a drag scrolls it
const SWIPE = 50;  // pixels that a finger must move sideways

/**
 * A drag over the grid.
 * @typedef {object} Drag
 * @property {number} from place of the picture where it began
 * @property {number} x
 * @property {number} y
 * @property {Set<string>} before what was selected
 * @property {boolean} far whether it is a drag yet
 */

/** @param {DataTab} tab */
export function followPointer(tab) {
  const { grid } = tab;
  /** @type {Drag | null} */
  let drag = null;
  let dragged = false;  // the click after a drag is none
  grid.addEventListener('pointerdown', (event) => {
    dragged = false;
    const index = placeOf(event.target);
    if (event.button || event.pointerType === 'touch' || index < 0) return;
    const { clientX: x, clientY: y } = event;
    drag = { from: index, x, y, before: new Set(tab.selected), far: false };
  });
  window.addEventListener('pointermove', (event) => {
    if (!drag) return;
    if (!event.buttons) { drag = null; return; }
    const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > FAR;
    if (!far && !drag.far) return;
    drag.far = dragged = true;
    drawDrag(tab, drag, event);
  });
  window.addEventListener('pointerup', () => {
    if (drag?.far) selectTo(tab, tab.current).then(() => mark(tab));
    drag = null;
  });
  grid.addEventListener('click', (event) => { if (!dragged) clicked(tab, event); });
  followSwipe(tab);
}

/**
 * @param {DataTab} tab
 * @param {Drag} drag
 * @param {PointerEvent} event
 */
function drawDrag(tab, drag, { clientX, clientY }) {
  const { grid, canvas, layout, page } = tab;
  const frame = grid.getBoundingClientRect();
  if (clientY > frame.bottom - EDGE) grid.scrollTop += EDGE / 2;
  if (clientY < frame.top + EDGE) grid.scrollTop -= EDGE / 2;
  const box = canvas.getBoundingClientRect();
  tab.anchor = drag.from;
  tab.current = cellAt(layout, clientX - box.left, clientY - box.top, page.total);
  tab.selected.clear();
  for (const id of drag.before) tab.selected.add(id);
  addRange(tab.selected, tab.loaded.slice(0), drag.from, tab.current);
  drawRows(tab);
  tab.refresh();
}

/**
 * @param {DataTab} tab
 * @param {MouseEvent} event
 */
function clicked(tab, { target, shiftKey, ctrlKey, metaKey }) {
  const index = placeOf(target);
  if (index < 0) return;
  const onCheck = target instanceof Element && target.closest('.dt-check');
  if (shiftKey) {
    tab.current = index;
    selectTo(tab, index).then(() => mark(tab));
  } else if (onCheck || ctrlKey || metaKey || tab.selecting || tab.selected.size) pick(tab, index);
  else {
    tab.anchor = index;
    openAt(tab, index);
  }
}

/**
 * Returns the place of the picture that an event is about; -1 for none.
 * @param {EventTarget | null} target
 */
function placeOf(target) {
  const figure = target instanceof Element ? target.closest('figure') : null;
  return figure?.id.startsWith('dt-') ? Number(figure.id.slice(3)) : -1;
}

/**
 * Goes to the next picture when a finger moves over the large one.
 * @param {DataTab} tab
 */
function followSwipe(tab) {
  let x = 0, y = 0;
  tab.side.addEventListener('touchstart', ({ touches }) => {
    x = touches[0]?.clientX ?? 0;
    y = touches[0]?.clientY ?? 0;
  }, { passive: true });
  tab.side.addEventListener('touchend', ({ changedTouches }) => {
    const dx = (changedTouches[0]?.clientX ?? x) - x, dy = (changedTouches[0]?.clientY ?? y) - y;
    if (Math.abs(dx) > SWIPE && Math.abs(dx) > 2 * Math.abs(dy)) tab.step?.(dx < 0 ? 1 : -1);
  }, { passive: true });
}
