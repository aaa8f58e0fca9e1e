import { readCameras as readCameraList, readEvents, readExamined } from './api.js';
import { createCameras } from './cameras.js';
import { createDeadLetters } from './dead-letters.js';
import { setText } from './dom.js';
import { createEvents, EVENTS_MAX } from './events.js';
import { createFeed, toRetryMs } from './feed.js';
import { createLinkedEvent } from './linked-event.js';
import { createPipeline } from './pipeline.js';

const CAMERAS_MAX = 200;
const FRAMES_MAX = 100;
/** Messages kept while the lists are read; beyond, the lists are read once more. */
const HELD_MAX = 2_000;

const stateTexts = { connecting: 'Connecting …', connected: 'Connected', reconnecting: 'Reconnecting …' };

/** Everything between signing in and signing out. The first `open` shows it; `onSignedOut` when the session is over. */
export function createLiveView({ document, window, onSignedOut }) {
  const root = document.querySelector('#live');
  const connection = document.querySelector('#connection');
  const cameras = createCameras(root.querySelector('.cameras'));
  const { nameOf } = cameras;
  const events = createEvents(root.querySelector('.events'), { nameOf });
  const linked = createLinkedEvent(root.querySelector('.linked-event'), { nameOf, location: window.location });
  const pipeline = createPipeline(root.querySelector('#pipeline'));
  const deadLetters = createDeadLetters(root.querySelector('#dead-letters'), { nameOf, location: window.location });
  let feed;
  /** Messages that came while the lists are being read, to be applied after them; null otherwise. */
  let held = null;
  let reading = 0;
  /** Cameras whose newest picture was asked for: one that never sent a good one would be asked after at every look. */
  const asked = new Set();
  let lastStatus = '';

  function apply({ type, data }) {
    if (type.startsWith('event.')) onEvent(data);
    else if (type.startsWith('camera.')) cameras.put(data);
    else if (type === 'detection.created') cameras.offerFrame(data.frame);
    else if (type === 'frame.dead') deadLetters.put(data, 'frames');
    else if (type === 'clip.dead') deadLetters.put(data, 'clips');
    else if (type === 'system.status') onStatus(data);
  }

  function onEvent(event) {
    events.put(event);
    linked.put(event);
  }

  function onMessage(message) {
    if (held === null || message.seq === undefined) apply(message);
    else if (held.length < HELD_MAX) held.push(message);
    else void readAll();
  }

  /** Reads the lists, then applies what was said meanwhile: in that order nothing old overwrites what is new. */
  async function readAll(attempt = 0) {
    const own = ++reading;
    held = [];
    const lists = await guard(() => Promise.all([readCameras(), readEvents(EVENTS_MAX)]));
    if (own !== reading || !feed) return;
    if (lists === null) return void setTimeout(() => own === reading && feed && readAll(attempt + 1), toRetryMs(attempt)); // prettier-ignore
    events.set(lists[1].items);
    const missed = held;
    held = null;
    missed.forEach(apply);
    void deadLetters.read();
    void linked.read();
    void readSilent(lists[0]);
  }

  /** The cameras, and the newest pictures of all: those of most cameras are among them. */
  async function readCameras() {
    const [{ items }, frames] = await Promise.all([readCameraList(CAMERAS_MAX), readExamined({ limit: FRAMES_MAX })]);
    cameras.set(items);
    events.render(); // they are called by these names
    frames.items.forEach(cameras.offerFrame);
    return items;
  }

  /** The newest picture of each camera that is not among them, once, one by one. What fails is asked at the next look. */
  async function readSilent(items) {
    const silent = items.filter(
      ({ id, last_seen_at: seenAt }) => seenAt !== null && !cameras.has(id) && !asked.has(id),
    );
    for (const { id } of silent) asked.add(id);
    while (feed && silent.length > 0) {
      const page = await guard(() => readExamined({ limit: 1, camera_id: silent[0].id }));
      if (page === null) break;
      page.items.forEach(cameras.offerFrame);
      silent.shift();
    }
    for (const { id } of silent) asked.delete(id);
  }

  /** Frames in which nothing was found are not told of: when the numbers moved, there may be newer pictures. */
  function onStatus(status) {
    pipeline.show(status);
    const text = JSON.stringify([status.stages, status.rates]);
    if (text === lastStatus || document.hidden || held !== null) return;
    lastStatus = text;
    void readAll();
  }

  /** Null when it failed: it is tried again by whoever asked, unless the session is over. */
  async function guard(read) {
    try {
      return await read();
    } catch (thrown) {
      if (thrown.status === 401) signedOut();
      return null;
    }
  }

  function signedOut() {
    if (!feed) return;
    close();
    onSignedOut('Your session is over. Sign in again.');
  }

  const isSignedIn = () =>
    readCameraList(1).then(() => true, (thrown) => {
      if (thrown.status === 0) throw thrown;
      return thrown.status !== 401;
    }); // prettier-ignore

  function onState(state) {
    setText(connection, stateTexts[state]);
    connection.dataset.state = state;
  }

  function open() {
    const url = `${window.location.origin.replace(/^http/, 'ws')}/ws`;
    root.hidden = false;
    feed ??= createFeed({ url, onState, onFresh: () => void readAll(), onMessage, isSignedIn, onSignedOut: signedOut });
  }

  function close() {
    root.hidden = true;
    feed?.close();
    feed = undefined;
    asked.clear();
    setText(connection, '');
    delete connection.dataset.state;
  }

  function onAddress() {
    if (!feed) return;
    void deadLetters.read();
    void linked.read();
  }

  window.addEventListener('hashchange', onAddress);
  return { open, close };
}
