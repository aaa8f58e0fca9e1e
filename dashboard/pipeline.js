import { h, setText } from './dom.js';
import { formatAge } from './time.js';

/** The numbers of the pipeline, as `system.status` tells them every five seconds. Unknown ones are a dash, never a 0. */
export function createPipeline(list) {
  const figures = {
    waiting: addFigure(list, 'Waiting'),
    working: addFigure(list, 'In work'),
    done: addFigure(list, 'Done since start'),
    dead: addFigure(list, 'Dead letters', h('a', { href: '#dead-letters' })),
    infer: addFigure(list, 'Inference, median'),
    detector: addFigure(list, 'Detector'),
  };
  return {
    show({ queue: depths, stages, detectors }) {
      const queue = depths ?? {}; // null while the database is away
      const age = queue.oldest_pending_s;
      setText(figures.waiting, toCount(queue.pending) + (age > 1 ? `, oldest ${formatAge(age)}` : ''));
      setText(figures.working, toCount(queue.leased));
      // A process without a detector has examined nothing: others did, and their numbers are not ours to guess.
      setText(figures.done, detectors.length > 0 ? toCount(stages.store?.count) : '–');
      setText(figures.dead, toCount(queue.clips && queue.dead + queue.clips.dead));
      setText(figures.infer, toMs(stages.infer?.p50_ms));
      setText(figures.detector, detectors.map(toDetector).join(', ') || '–');
    },
  };
}

function addFigure(list, name, value = h('span')) {
  setText(value, '–');
  list.append(h('div', {}, h('dt', {}, name), h('dd', {}, value)));
  return value;
}

const toCount = (count) => count?.toLocaleString() ?? '–';
const toMs = (ms) => (typeof ms === 'number' ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : '–');
const toDetector = ({ model, provider, state, reason }) =>
  state === 'ready' ? `${model} on ${provider}` : `${model}: ${reason ?? state}`;
