// Keeps the open tab in the page's address, so that a reload opens it again, Back goes to the previous tab, and links to
// a tab open it without a reload.

const openTab = () => new URLSearchParams(location.search).get('tab') || 'data';
const inWords = (button) => button.textContent.trim().toLowerCase().split(' · ')[0];  // without the state of its step
const inMenu = (name) => [...document.querySelectorAll('.overflow-dropdown button')].find((one) => inWords(one) === name);
const show = (name) => (document.getElementById(`tab-${name}-button`) || inMenu(name))?.click();

const nameOf = (button) => {  // the tab of a button, also in the overflow menu of a narrow screen
  const name = button?.closest('.overflow-menu') ? inWords(button) : button?.id.match(/^tab-(\w+)-button$/)?.[1];
  return document.getElementById(`tab-${name}-button`) || document.getElementById(`tab-${name}`) ? name : undefined;
};

document.addEventListener('click', (event) => {  // Gradio's own event also fires for the first tab when a page loads
  const name = nameOf(event.target.closest?.('button'));
  if (!name) return;
  if (name !== openTab()) {
    const address = new URL(location.href);
    address.searchParams.set('tab', name);
    history.pushState(history.state, '', address);
  }
  window.dispatchEvent(new Event(`bearkit-${name}`));
});
window.addEventListener('popstate', () => show(openTab()));
const FILTERS = { review: ['kind', 'run', 'split', 'label', 'predicted', 'order', 'rest', 'start', 'at'] };  // a link that names one replaces all

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="?tab="]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const query = new URLSearchParams(link.getAttribute('href'));
  const address = new URL(location.href);
  const filters = FILTERS[query.get('tab')] || [];
  if (filters.some((name) => query.has(name))) filters.forEach((name) => address.searchParams.delete(name));
  for (const [name, value] of query) address.searchParams.set(name, value);
  history.pushState(history.state, '', address);
  show(query.get('tab'));
});
document.addEventListener('click', (event) => {  // a link to a fold opens it
  const link = event.target.closest?.('a[href^="#bk-"]');
  if (!link) return;
  event.preventDefault();
  openFold(link.getAttribute('href'), 50);
});

function openFold(name, tries) {  // it may be drawn later than the link
  const fold = document.querySelector(name);
  if (!fold) return tries && setTimeout(() => openFold(name, tries - 1), 100);
  fold.open = true;
  fold.scrollIntoView({ block: 'nearest' });
}
