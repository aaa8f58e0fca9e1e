import { getJson, postJson } from './api.js';
import { createList, h, setText, setTime } from './dom.js';
import { formatTime } from './time.js';

const SHOWN_MAX = 50;
const ALL_MS_MAX = 300_000;

/**
 * Frames that could not be examined, and why; those with a picture may be given another chance. Read when the section is
 * opened (the page's `#dead-letters`).
 */
export function createDeadLetters(section, { nameOf, location }) {
  const notice = section.querySelector('.notice');
  const allButton = section.querySelector('button');
  const showItems = createList(section.querySelector('ol'), () => createItem({ nameOf, onRequeue: requeue }));
  let letters = [];

  function show(list) {
    letters = list.slice(0, SHOWN_MAX);
    showItems(letters);
    allButton.hidden = !letters.some(hasPicture);
    const none = 'There is none: every frame could be examined.';
    setText(notice, letters.length === 0 ? none : letters.length < SHOWN_MAX ? '' : `The newest ${SHOWN_MAX}.`);
  }

  const isOpen = () => location.hash === '#dead-letters';

  async function read() {
    if (isOpen()) show((await getJson(`/api/frames?state=dead&limit=${SHOWN_MAX}`)).items);
  }

  /** Does what a button says, once however often it is pressed, and says what went wrong. */
  async function attempt(button, work) {
    button.disabled = true;
    await work().catch((thrown) => setText(notice, thrown.message));
    button.disabled = false;
  }

  const requeue = (button, { id }) =>
    attempt(button, async () => {
      await postJson(`/api/frames/${id}/requeue`);
      show(letters.filter((letter) => letter.id !== id));
    });

  const requeueAll = async () => {
    const { requeued } = await postJson('/api/frames/requeue?state=dead', ALL_MS_MAX);
    await read();
    setText(notice, `${requeued.toLocaleString()} are examined again.`);
  };
  allButton.addEventListener('click', () => void attempt(allButton, requeueAll));

  return {
    read: () => read().catch((thrown) => setText(notice, thrown.message)),
    put(frame) {
      if (isOpen()) show([frame, ...letters.filter(({ id }) => id !== frame.id)]);
    },
  };
}

const hasPicture = ({ width }) => width !== null;

function createItem({ nameOf, onRequeue }) {
  const [camera, file, when] = [h('strong'), h('code'), h('time')];
  const reason = h('p', { className: 'reason' });
  const button = h('button', { type: 'button', className: 'quiet' }, 'Try again');
  const facts = h('p', { className: 'facts' }, camera, file, when, button);
  let shown;
  button.addEventListener('click', () => void onRequeue(button, shown));
  return {
    element: h('li', {}, reason, facts),
    update(frame) {
      const { camera_id: cameraId, source_name: name, received_at: receivedAt, attempts, error } = frame;
      shown = frame;
      setText(camera, nameOf(cameraId));
      setText(file, name);
      setTime(when, receivedAt, formatTime(receivedAt));
      const tried = attempts > 1 ? ` (${attempts} attempts)` : '';
      setText(reason, error ? `${error.message}${tried}` : 'no reason was kept');
      button.hidden = !hasPicture(frame);
    },
  };
}
