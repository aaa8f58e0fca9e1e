import { getJson } from './api.js';
import { createList, h, setText, setTime } from './dom.js';
import { formatTime } from './time.js';

const SHOWN_MAX = 50;

/** Frames that could not be examined, and why. Read when the section is opened (the page's `#dead-letters`). */
export function createDeadLetters(section, { nameOf, location }) {
  const notice = section.querySelector('.notice');
  const showItems = createList(section.querySelector('ol'), () => createItem(nameOf));
  let letters = [];

  function show(list) {
    letters = list.slice(0, SHOWN_MAX);
    showItems(letters);
    const none = 'There is none: every frame could be examined.';
    setText(notice, letters.length === 0 ? none : letters.length < SHOWN_MAX ? '' : `The newest ${SHOWN_MAX}.`);
  }

  const isOpen = () => location.hash === '#dead-letters';
  return {
    async read() {
      if (!isOpen()) return;
      try {
        show((await getJson(`/api/frames?state=dead&limit=${SHOWN_MAX}`)).items);
      } catch (thrown) {
        setText(notice, thrown.message);
      }
    },
    put(frame) {
      if (isOpen()) show([frame, ...letters.filter(({ id }) => id !== frame.id)]);
    },
  };
}

function createItem(nameOf) {
  const [camera, file, when] = [h('strong'), h('code'), h('time')];
  const reason = h('p', { className: 'reason' });
  const facts = h('p', { className: 'facts' }, camera, file, when);
  return {
    element: h('li', {}, reason, facts),
    update({ camera_id: cameraId, source_name: name, received_at: receivedAt, attempts, error }) {
      setText(camera, nameOf(cameraId));
      setText(file, name);
      setTime(when, receivedAt, formatTime(receivedAt));
      const tried = attempts > 1 ? ` (${attempts} attempts)` : '';
      setText(reason, error ? `${error.message}${tried}` : 'no reason was kept');
    },
  };
}
