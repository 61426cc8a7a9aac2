// ------------------------------------------------------------------------------------ the palette: a label, by its name

function chooseLabel() {
  if (page.suspects[current] && !isLoading()) openPalette();
}

function offer() {
  const suspect = page.suspects[current];
  const text = tidy(typed.value);
  const sought = text.toLowerCase();
  const place = (label) => tidy(label).toLowerCase().indexOf(sought);
  const found = page.labels.filter((label) => place(label) >= 0).sort((one, other) => (place(one) > 0) - (place(other) > 0));
  offered = found.map((label) => ({ text: label, key: keyOf(label), act: () => decide('relabel', label) }));
  if (text && !page.labels.includes(text)) offered.push({ text: `New label: ${text}`, act: () => decide('relabel', text) });
  if (!text && suspect.given && !suspect.twin) offered.push({ text: 'No label: remove it', act: () => decide('unlabel') });
  chosen = 0;
  drawOffered();
}

function shownImage() {
  return page.suspects[current];
}

function labelOf(image) {
  const known = states.get(image.image_id);
  return known && ['relabel', 'label'].includes(known.action) ? known.to : known?.action === 'unlabel' ? '' : image.given;
}

// ---------------------------------------------------------------------------------------------------------- the keys

function handleKey(event) {
  const columns = Math.max(1, Math.round(grid.clientWidth / (grid.querySelector('figure')?.offsetWidth || 1)));
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (event.repeat && !step) return true;
  if (step) { current = Math.max(0, Math.min(page.suspects.length - 1, current + step)); mark(); }
  else if (event.key === 'k' && page.kind !== 'unlabelled') decide('keep');
  else if (event.key === 'd' || event.key === 'Delete') decide('delete');
  else if (event.key === 's' && page.suspects[current]?.twin) decide('other');
  else if (/^[1-9]$/.test(event.key)) digit(Number(event.key));
  else if (event.key === 'l') chooseLabel();
  else if (event.key === 'E') markExample();
  else if (event.key === 'u') undoOrRedo('undo');
  else if (event.key === 'r' || event.key === 'U') undoOrRedo('redo');
  else if (event.key === ' ') side.hidden ? showLarge() : hideLarge();
  else if (event.key === 'Escape' && !side.hidden) hideLarge();
  else if (event.key === 'Enter') confirmPage();
  else return false;
  return true;
}

function digit(key) {
  const label = page.order[key - 1];
  if (label && page.labels.includes(label)) return decide('relabel', label);
  hint(label ? `Key ${key} is for ${label}, which no picture has now: press l to choose it.` : `Key ${key} has no label yet: press l and type one.`);
}
