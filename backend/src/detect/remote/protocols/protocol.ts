/** What the client knows of a protocol: how pictures are asked about, and what counts as a result. */
import type { NightjarError } from '../../../lib/errors.ts';
import type { Found } from '../../detector.ts';
import type { Link } from '../http.ts';
import type { SentPicture } from '../picture.ts';

/** A picture that has no result yet. */
export interface OpenPicture {
  readonly picture: SentPicture;
  /** Final for this call: what was found, or that the server will never have this picture. */
  settle(found: Found): void;
}

export interface AskOptions {
  /** Each picture in a request of its own: whichever upsets the server then does so alone. */
  readonly isSingly: boolean;
}

/** One server's side of a protocol; it may remember what that server lacks. */
export interface ServerProtocol {
  /** Asks the server how it is. Throws with the reason when it must not be used. Absent where the protocol has no such route. */
  readonly check?: (link: Link) => Promise<{ readonly model: string | null }>;
  /**
   * Settles each picture that has a final answer. An error is never a result: such a picture stays open. Resolves to
   * the reason if the server works but some stayed open; throws if it gave no answer to any.
   */
  ask(link: Link, open: readonly OpenPicture[], options: AskOptions): Promise<NightjarError | undefined>;
}

/** What one picture in a request of its own came to: an answer, or the server's failure to give one. */
export type Verdict = { readonly found: Found } | { readonly fault: NightjarError };

/** A server that fails on every picture is not asked about all of them. */
const FAULTS_IN_A_ROW_MAX = 3;

export interface SinglyResult {
  readonly settled: number;
  readonly fault: NightjarError | undefined;
}

/** One after the other, so that an attempt is one request at a time. Throws when there is no answer at all. */
export async function askSingly(
  open: readonly OpenPicture[],
  askOne: (picture: SentPicture) => Promise<Verdict>,
): Promise<SinglyResult> {
  let settled = 0;
  let inARow = 0;
  let fault: NightjarError | undefined;
  for (const { picture, settle } of open) {
    if (inARow >= FAULTS_IN_A_ROW_MAX) break;
    const verdict = await askOne(picture);
    if ('fault' in verdict) fault = verdict.fault;
    else settle(verdict.found);
    inARow = 'fault' in verdict ? inARow + 1 : 0;
    settled += 'fault' in verdict ? 0 : 1;
  }
  return { settled, fault };
}

/** The reason why some are still open, thrown if that is all there is. */
export function orThrow({ settled, fault }: SinglyResult): NightjarError | undefined {
  if (fault && settled === 0) throw fault;
  return fault;
}
