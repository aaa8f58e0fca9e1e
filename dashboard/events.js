import { createList, createRenderer, h, setText, setTime } from './dom.js';
import { createPicture, frameUrl } from './picture.js';
import { formatDuration, formatTime } from './time.js';

/** How many are shown: a page that is open for weeks stays as light as on its first day. */
export const EVENTS_MAX = 40;
const PICTURE_WIDTH = 480;

/** The newest events, by their start. `nameOf(cameraId)` gives the name that people know the camera by. */
export function createEvents(section, { nameOf }) {
  const notice = section.querySelector('.notice');
  const showCards = createList(section.querySelector('ol'), () => createCard(nameOf));
  let events = new Map();

  const render = createRenderer(() => {
    showCards([...events.values()]);
    setText(notice, events.size === 0 ? 'Nothing has happened yet.' : '');
  });

  function keepNewest(list) {
    const newestFirst = list.sort((a, b) => b.started_at.localeCompare(a.started_at) || b.id.localeCompare(a.id));
    events = new Map(newestFirst.slice(0, EVENTS_MAX).map((event) => [event.id, event]));
    render();
  }

  return {
    /** These and no others. */
    set: (list) => keepNewest([...list]),
    put: (event) => keepNewest([event, ...[...events.values()].filter(({ id }) => id !== event.id)]),
    render,
  };
}

/** One event; `nameOf` as above. */
export function createCard(nameOf) {
  const picture = createPicture();
  const link = h('a', { className: 'picture-link', target: '_blank', rel: 'noopener' }, picture.element);
  const head = createHead();
  const summary = h('h3');
  const [camera, when, duration] = [h('span', { className: 'camera' }), h('time'), h('span')];
  const facts = h('p', { className: 'facts' }, camera, when, duration);
  const reasons = h('ul', { className: 'reasons', ariaLabel: 'Reasons for the score' });
  const text = h('div', { className: 'text' }, head.element, summary, facts, reasons);
  const element = h('li', {}, h('article', { className: 'event' }, link, text));

  return {
    element,
    update(event) {
      const name = nameOf(event.camera_id);
      const alt = `${name}: the clearest picture of this event, with boxes around what was found`;
      picture.show(frameUrl(event.best_frame_id, `annotated=true&width=${PICTURE_WIDTH}`), alt);
      setLink(link, frameUrl(event.best_frame_id, 'annotated=true'));
      head.update(event);
      setText(summary, event.summary);
      setText(camera, name);
      setTime(when, event.started_at, formatTime(event.started_at));
      setText(duration, formatDuration(event.started_at, event.ended_at));
      setReasons(reasons, event);
    },
  };
}

/** Risk in words and number, and whether it still goes on: nothing is said by colour alone. */
function createHead() {
  const risk = h('span', { className: 'risk' });
  const meter = h('meter', { min: 0, max: 100, ariaLabel: 'Risk score' });
  const state = h('span', { className: 'state' });
  const element = h('p', { className: 'head' }, risk, meter, state);
  return {
    element,
    update({ risk_level: level, risk_score: score, state: stands }) {
      setText(risk, `${level} risk · ${score}`);
      element.dataset.level = level;
      meter.value = score;
      setText(state, stands === 'open' ? 'live' : stands);
      state.dataset.state = stands;
    },
  };
}

function setLink(link, url) {
  if (link.getAttribute('href') !== url) link.href = url;
}

function setReasons(list, { reasoning, analyzer }) {
  if (list.dataset.reasoning === reasoning) return;
  list.dataset.reasoning = reasoning;
  // The rules give one reason after the other; a language model writes prose.
  const reasons = analyzer === 'rules' ? reasoning.split('; ') : [reasoning];
  list.replaceChildren(...reasons.filter(Boolean).map((reason) => h('li', {}, reason)));
}
