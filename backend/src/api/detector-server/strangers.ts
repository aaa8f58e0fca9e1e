import pLimit from 'p-limit';
import { NightjarError } from '../../lib/errors.ts';
import type { FormWanted, Guest } from './guests.ts';
import type { Form } from './multipart.ts';

/** Forms of strangers that are received at once, how many wait for that, and how long one may take. */
const RECEIVED_AT_ONCE_MAX = 2;
const WAITING_MAX = 32;
const FORM_MS_MAX = 10_000;

export interface Strangers {
  /**
   * The form of one who showed no key in the headers; it must bring one in the field `api_key`, before or after its
   * files. Throws `unauthorized` as soon as that is known, `overloaded` when too many wait.
   */
  readForm(guest: Guest, wanted: StrangersForm): Promise<Form>;
}

interface StrangersForm extends FormWanted {
  /** Throws for a key that may not use the detector. */
  readonly checkKey: (apiKey: string) => Promise<void>;
}

/**
 * Whoever cannot set headers is a stranger until the form has told the key: strangers have few places and little time,
 * for anyone can be one. A key that comes before the picture frees the place at once.
 */
export function createStrangers(): Strangers {
  const places = pLimit(RECEIVED_AT_ONCE_MAX);

  function receive(guest: Guest, { checkKey, ...wanted }: StrangersForm) {
    const refusal = new AbortController();
    let checking: Promise<unknown> | undefined;
    let welcome = (): void => undefined;
    const welcomed = new Promise<void>((resolve) => (welcome = resolve));
    const onField = (name: string, value: string): void => {
      if (name !== 'api_key' || value === '') return;
      checking = checkKey(value);
      checking.then(welcome, (thrown: unknown) => refusal.abort(thrown));
    };
    const read = async (): Promise<Form> => {
      const form = await guest.readForm({ ...wanted, onField, signal: refusal.signal, withinMs: FORM_MS_MAX });
      if (!checking) throw keyless();
      await checking;
      return form;
    };
    const form = read();
    return { form, known: Promise.race([welcomed, form]) };
  }

  return {
    async readForm(guest, wanted) {
      if (places.pendingCount >= WAITING_MAX)
        throw new NightjarError('overloaded', 'too many forms came without a key in the headers: try again in a moment'); // prettier-ignore
      const { form } = await places(async () => {
        const received = receive(guest, wanted);
        await received.known;
        return { form: received.form };
      });
      return form;
    },
  };
}

export const keyless = (): NightjarError =>
  new NightjarError('unauthorized', 'an API key is needed: send it as the form field api_key, or as X-API-Key');
