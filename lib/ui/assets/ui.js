// @ts-check
/** Follows what the page shows, and helps the keyboard. The page reads without it. */

/** Puts the page as it is now in the place of what is shown; what was opened and where the focus is stay. */
async function refresh() {
  const response = await fetch(location.href, { headers: { accept: 'text/html' } });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  const [main, shown] = [fresh.querySelector('main'), document.querySelector('main')];
  if (main === null || shown === null || main.innerHTML === shown.innerHTML) return;
  if (shown.contains(document.activeElement) && document.activeElement?.matches('input, select, textarea')) return;
  for (const open of shown.querySelectorAll('details[id][open]'))
    main.querySelector(`#${open.id}`)?.setAttribute('open', '');
  const focused = addressOf(document.activeElement);
  shown.replaceChildren(...main.childNodes);
  if (focused !== undefined) {
    const again = [...shown.querySelectorAll('a, button, summary')].find((one) => addressOf(one) === focused);
    if (again instanceof HTMLElement) again.focus({ preventScroll: true });
  }
  const before = fresh.querySelector('.asof time');
  if (before !== null) document.querySelector('.asof time')?.replaceWith(before);
  const events = fresh.body.dataset.events;
  if (events !== document.body.dataset.events) {
    if (events === undefined) delete document.body.dataset.events;
    else document.body.dataset.events = events;
    follow();
  }
  document.title = fresh.title;
  document.dispatchEvent(new Event('refreshed'));
}

/** What tells a link or button from the others of a page. @param {Element | null} element */
function addressOf(element) {
  if (element === null || element.closest('main') === null) return undefined;
  return `${element.tagName} ${element.id} ${element.getAttribute('href') ?? element.textContent}`;
}

/** @type {EventSource | undefined} */
let source;

/** Listens for changes while the page is seen. */
function follow() {
  source?.close();
  source = undefined;
  const { events, lost } = document.body.dataset;
  const status = document.querySelector('#live');
  const say = (/** @type {string} */ text) => {
    if (status !== null && status.textContent !== text) status.textContent = text;
  };
  if (events === undefined || document.hidden) return;
  let first = true;
  const opened = new EventSource(events);
  source = opened;
  opened.addEventListener('version', () => {
    document.body.classList.remove('is-lost');
    say('');
    if (!first) void refresh();
    first = false;
  });
  opened.addEventListener('same', () => say(''));
  opened.addEventListener('error', () => {
    document.body.classList.add('is-lost');
    say(lost ?? '');
    first = false;
  });
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void refresh();
  follow();
});

/** The bars of a strip are one stop of the tab key; arrows go from bar to bar. */
document.addEventListener('keydown', (event) => {
  const bar = event.target;
  if (!(bar instanceof HTMLElement) || !bar.matches('.bar')) return;
  const bars = [...(bar.closest('ol')?.querySelectorAll('.bar') ?? [])];
  const at = bars.indexOf(bar);
  const places = new Map([
    ['ArrowLeft', at - 1],
    ['ArrowRight', at + 1],
    ['Home', 0],
    ['End', bars.length - 1],
  ]);
  const next = bars[places.get(event.key) ?? -1];
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  bar.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});

follow();
