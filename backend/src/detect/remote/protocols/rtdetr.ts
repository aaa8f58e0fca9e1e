/**
 * The RT-DETR HTTP protocol: `POST /detect/batch` with repeated `files`, else `POST /detect` with `file` for each
 * picture, and `GET /health` with `model_loaded`.
 */
import type { Clock } from '../../../lib/clock.ts';
import { NightjarError } from '../../../lib/errors.ts';
import { isAbsent, isOk, isRefusal, toFault } from './answer.ts';
import type { Answer, Link } from '../http.ts';
import { toObjects, type Wanted } from './objects.ts';
import type { SentPicture } from '../picture.ts';
import { askSingly, orThrow, type OpenPicture, type ServerProtocol, type SinglyResult, type Verdict } from './protocol.ts'; // prettier-ignore
import { parseBatch, parseHealth, parsePicture } from './rtdetr-answer.ts';
import { toVerdict } from './verdict.ts';

const BATCH_ROUTE = '/detect/batch';
/** A server without the batch route may be replaced by one that has it. */
const NO_BATCH_MS = 10 * 60_000;

interface RtdetrOptions {
  readonly wanted: Wanted;
  readonly clock: Clock;
}

export function createRtdetr({ wanted, clock }: RtdetrOptions): ServerProtocol {
  let noBatchUntilMs = 0;

  async function askOne(link: Link, picture: SentPicture): Promise<Verdict> {
    const form = new FormData();
    form.append('file', picture.blob, `0.${picture.extension}`);
    const answer = await link.post('/detect', form);
    return toVerdict(answer, { link, picture, wanted, parse: parsePicture });
  }

  /** The answer of the batch route, or null where the pictures must be asked about one by one. */
  async function postBatch(link: Link, open: readonly OpenPicture[]): Promise<Answer | null> {
    const form = new FormData();
    open.forEach(({ picture }, index) => form.append('files', picture.blob, toName(picture, index)));
    const answer = await link.post(BATCH_ROUTE, form);
    if (isAbsent(answer)) noBatchUntilMs = clock.nowMs() + NO_BATCH_MS;
    // A refusal of the whole may be for one bad picture, or for their size together.
    if (isAbsent(answer) || isRefusal(answer)) return null;
    if (!isOk(answer)) throw toFault(link, answer);
    return answer;
  }

  const alone = (link: Link, open: readonly OpenPicture[]): Promise<SinglyResult> =>
    askSingly(open, (picture) => askOne(link, picture));

  return {
    async check(link) {
      const answer = await link.get('/health');
      if (!isOk(answer)) throw toFault(link, answer);
      return parseHealth(link, answer);
    },
    async ask(link, open, { isSingly }) {
      const answer = isSingly || clock.nowMs() < noBatchUntilMs ? null : await postBatch(link, open);
      if (answer === null) return orThrow(await alone(link, open));
      const batch = settleBatch(link, answer, open, wanted);
      // One bad picture must not fail the others; what is wrong with it the server tells it alone.
      const verdicts = await alone(link, batch.failed);
      const settled = batch.settled + verdicts.settled;
      return orThrow({ settled, fault: verdicts.fault ?? batch.fault });
    },
  };
}

const toName = ({ extension }: SentPicture, index: number): string => `${index}.${extension}`;

interface BatchResult extends SinglyResult {
  /** Named by the server as having failed. */
  readonly failed: readonly OpenPicture[];
}

function settleBatch(link: Link, answer: Answer, open: readonly OpenPicture[], wanted: Wanted): BatchResult {
  const names = open.map(({ picture }, index) => toName(picture, index));
  const parts = parseBatch(link, answer, names);
  parts.forEach((part, index) => {
    const one = open[index];
    if (one && part.kind === 'result') one.settle(toObjects(part.claimed, one.picture, wanted));
  });
  const of = (kind: string) => open.filter((_, index) => parts[index]?.kind === kind);
  const missing = of('missing').length;
  const reason = `${link.address} gave no usable result for ${missing} of ${open.length} pictures`;
  return {
    settled: of('result').length,
    failed: of('failed'),
    fault: missing > 0 ? new NightjarError('unavailable', reason) : undefined,
  };
}
