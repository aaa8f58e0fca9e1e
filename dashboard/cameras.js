import { createList, createRenderer, h, setText, setTime } from './dom.js';
import { createPicture, frameUrl } from './picture.js';
import { formatTime } from './time.js';

const PICTURE_WIDTH = 480;

/** The cameras as tiles, by name: status, the newest examined picture, when they were last heard of. */
export function createCameras(section) {
  const notice = section.querySelector('.notice');
  const showTiles = createList(section.querySelector('ul'), createTile);
  const frames = new Map();
  let cameras = new Map();

  const render = createRenderer(() => {
    const byName = [...cameras.values()].sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
    showTiles(byName.map((camera) => ({ ...camera, frame: frames.get(camera.id) })));
    const none = 'No camera yet. The first picture in a folder of the inbox makes one.';
    setText(notice, cameras.size === 0 ? none : '');
  });

  return {
    nameOf: (id) => cameras.get(id)?.name ?? id,
    has: (id) => frames.has(id),
    /** These and no others. */
    set(list) {
      cameras = new Map(list.map((camera) => [camera.id, camera]));
      for (const id of frames.keys()) if (!cameras.has(id)) frames.delete(id);
      render();
    },
    put(camera) {
      cameras.set(camera.id, camera);
      render();
    },
    /** Shown if it is newer than what is shown. */
    offerFrame(frame) {
      const shown = frames.get(frame.camera_id);
      if (shown && shown.captured_at >= frame.captured_at) return;
      frames.set(frame.camera_id, frame);
      render();
    },
  };
}

function createTile() {
  const picture = createPicture();
  const name = h('h3');
  const status = h('span', { className: 'status' });
  const seen = h('time');
  const facts = h('p', { className: 'facts' }, status, seen);
  const element = h('li', { className: 'tile' }, picture.element, h('div', { className: 'text' }, name, facts));
  return {
    element,
    update({ name: text, status: state, enabled, last_seen_at: seenAt, frame }) {
      setText(name, text);
      setText(status, enabled ? state : 'switched off');
      status.dataset.status = enabled ? state : 'off';
      setTime(seen, seenAt, seenAt === null ? 'never seen' : `seen ${formatTime(seenAt)}`);
      picture.show(frame ? frameUrl(frame.id, `width=${PICTURE_WIDTH}`) : null, toAlt(text, frame));
    },
  };
}

const toAlt = (name, frame) => (frame ? `${name}, picture of ${formatTime(frame.captured_at)}` : `${name}, no picture`);
