import { readEvent } from './api.js';
import { createList, setText } from './dom.js';
import { createCard } from './events.js';

const EVENT_PREFIX = '#event=';

/** The event that the address names, as links in notifications do: above all others, until it is closed. */
export function createLinkedEvent(section, { nameOf, location }) {
  const notice = section.querySelector('.notice');
  const showCards = createList(section.querySelector('ol'), () => createCard(nameOf));
  const linkedId = () => (location.hash.startsWith(EVENT_PREFIX) ? location.hash.slice(EVENT_PREFIX.length) : null);

  function show(events, message = '') {
    showCards(events);
    setText(notice, message);
  }

  /** What the address names now; nothing more of what it named before. */
  async function read() {
    const id = linkedId();
    section.hidden = id === null;
    if (id === null) return show([]);
    try {
      const event = await readEvent(id);
      if (id === linkedId()) show([event]);
    } catch (thrown) {
      if (id === linkedId()) show([], thrown.message);
    }
  }

  return {
    read,
    put(event) {
      if (event.id === linkedId()) show([event]);
    },
  };
}
