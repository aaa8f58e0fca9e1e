import { readDead, requeue as requeueOne, requeueDead } from './api.js';
import { createList, h, setText, setTime } from './dom.js';
import { formatTime } from './time.js';

const SHOWN_MAX = 50;
const ledgers = ['frames', 'clips'];

/**
 * Frames and clips that could not be examined, and why; those with something to examine may be given another chance. Read
 * when the section is opened (the page's `#dead-letters`).
 */
export function createDeadLetters(section, { nameOf, location }) {
  const notice = section.querySelector('.notice');
  const allButton = section.querySelector('button');
  const showItems = createList(section.querySelector('ol'), () => createItem({ nameOf, onRequeue: requeue }));
  let letters = [];

  function show(list) {
    letters = list.slice(0, SHOWN_MAX);
    showItems(letters);
    allButton.hidden = !letters.some(mayBeTried);
    const none = 'There is none: everything could be examined.';
    setText(notice, letters.length === 0 ? none : letters.length < SHOWN_MAX ? '' : `The newest ${SHOWN_MAX}.`);
  }

  const isOpen = () => location.hash === '#dead-letters';

  async function read() {
    if (!isOpen()) return;
    const lists = await Promise.all(ledgers.map((ledger) => readDead(ledger, SHOWN_MAX)));
    const all = lists.flatMap(({ items }, place) => items.map((item) => ({ ...item, ledger: ledgers[place] })));
    // Times in this form have the order of their letters.
    show(all.sort((a, b) => (a.captured_at < b.captured_at ? 1 : -1)));
  }

  /** Does what a button says, once however often it is pressed, and says what went wrong. */
  async function attempt(button, work) {
    button.disabled = true;
    await work().catch((thrown) => setText(notice, thrown.message));
    button.disabled = false;
  }

  const requeue = (button, { id, ledger }) =>
    attempt(button, async () => {
      await requeueOne(ledger, id);
      show(letters.filter((letter) => letter.id !== id));
    });

  const requeueAll = async () => {
    let count = 0;
    for (const ledger of ledgers) count += (await requeueDead(ledger)).requeued;
    await read();
    setText(notice, `${count.toLocaleString()} are examined again.`);
  };
  allButton.addEventListener('click', () => void attempt(allButton, requeueAll));

  return {
    read: () => read().catch((thrown) => setText(notice, thrown.message)),
    /** A frame or a clip, and which of `frames` and `clips` it is of. */
    put(letter, ledger) {
      if (isOpen()) show([{ ...letter, ledger }, ...letters.filter(({ id }) => id !== letter.id)]);
    },
  };
}

/** A frame without a size never was a picture; of a clip that is known only once it is tried. */
const mayBeTried = ({ ledger, width }) => ledger === 'clips' || width !== null;

function createItem({ nameOf, onRequeue }) {
  const [camera, file, when] = [h('strong'), h('code'), h('time')];
  const reason = h('p', { className: 'reason' });
  const button = h('button', { type: 'button', className: 'quiet' }, 'Try again');
  const facts = h('p', { className: 'facts' }, camera, file, when, button);
  let shown;
  button.addEventListener('click', () => void onRequeue(button, shown));
  return {
    element: h('li', {}, reason, facts),
    update(letter) {
      const { camera_id: cameraId, source_name: name, received_at: receivedAt, attempts, error } = letter;
      shown = letter;
      setText(camera, nameOf(cameraId));
      setText(file, name);
      setTime(when, receivedAt, formatTime(receivedAt));
      const tried = attempts > 1 ? ` (${attempts} attempts)` : '';
      setText(reason, error ? `${error.message}${tried}` : 'no reason was kept');
      button.hidden = !mayBeTried(letter);
    },
  };
}
