import { NightjarError, toNightjarError } from '../../../lib/errors.ts';
import { isOk, isRefusal, toFault, toSnippet } from './answer.ts';
import type { Answer, Link } from '../http.ts';
import { toObjects, type ClaimedPicture, type Wanted } from './objects.ts';
import type { SentPicture } from '../picture.ts';
import type { Verdict } from './protocol.ts';

interface VerdictOptions {
  readonly link: Link;
  readonly picture: SentPicture;
  readonly wanted: Wanted;
  /** Throws for whatever is no result. */
  readonly parse: (link: Link, answer: Answer) => ClaimedPicture;
}

/** What the answer to a request with one picture comes to: objects, a refusal of the picture, or the server's fault. */
export function toVerdict(answer: Answer, { link, picture, wanted, parse }: VerdictOptions): Verdict {
  if (isRefusal(answer)) {
    const reason = `${link.address} refuses the picture (${answer.status}): ${toSnippet(answer.text)}`;
    return { found: new NightjarError('invalid', reason) };
  }
  if (!isOk(answer)) return { fault: toFault(link, answer) };
  try {
    return { found: toObjects(parse(link, answer), picture, wanted) };
  } catch (thrown) {
    return { fault: toNightjarError(thrown) };
  }
}
