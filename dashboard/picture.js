import { h, setText } from './dom.js';

/** The server draws few pictures at a time and turns away what is too many: then we come again, a little later. */
const TRIES_MAX = 4;
const RETRY_MS = 1_500;

/** A picture with a place of fixed shape, so that nothing jumps when it comes. `show(null, ...)` shows that there is none. */
export function createPicture() {
  const image = h('img', { alt: '', decoding: 'async', hidden: true });
  const note = h('span', { className: 'picture-note' }, 'no picture yet');
  const element = h('div', { className: 'picture' }, image, note);
  let shown = null;
  let tries = 0;

  function load(url) {
    tries += 1;
    image.src = url;
  }

  image.addEventListener('load', () => {
    image.hidden = false;
    note.hidden = true;
  });
  image.addEventListener('error', () => {
    const failed = shown;
    if (tries < TRIES_MAX) setTimeout(() => shown === failed && element.isConnected && load(failed), RETRY_MS * tries);
    else setText(note, 'the picture cannot be shown');
    note.hidden = false;
    image.hidden = true;
  });

  return {
    element,
    show(url, alt) {
      if (image.alt !== alt) image.alt = alt;
      if (url === shown) return;
      shown = url;
      tries = 0;
      setText(note, 'no picture yet');
      if (url === null) image.removeAttribute('src');
      else load(url);
    },
  };
}

export const frameUrl = (frameId, query) => `/api/frames/${encodeURIComponent(frameId)}/image?${query}`;
