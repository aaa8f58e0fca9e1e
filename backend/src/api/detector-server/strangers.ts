import { NightjarError } from '../../lib/errors.ts';
import { HttpRefusal } from '../problem.ts';
import type { FormWanted, Guest } from './guests.ts';
import type { Form } from './multipart.ts';
import { createPlaces } from './stranger-places.ts';

/** How long the form of a stranger may take, and how long it may be silent. */
const FORM_MS_MAX = 10_000;
const SILENT_LOOKS_MAX = 2;
const LOOK_MS = 1_000;

export interface Strangers {
  /**
   * The form of one who showed no key in the headers; it must bring one in the field `api_key`, before or after its
   * files. Throws `unauthorized` as soon as that is known, `overloaded` when too many wait, 408 when it is too slow.
   */
  readForm(guest: Guest, wanted: StrangersForm): Promise<Form>;
}

interface StrangersForm extends FormWanted {
  /** Where it comes from. */
  readonly address: string | null;
  /** Throws for a key that may not use the detector. */
  readonly checkKey: (apiKey: string) => Promise<void>;
}

/**
 * Whoever cannot set headers is a stranger until the form has told the key: strangers have few places and little time,
 * for anyone can be one. A key that comes before the picture frees the place at once; one who falls silent loses it.
 */
export function createStrangers(): Strangers {
  const places = createPlaces();

  function receive(guest: Guest, { checkKey, address: _address, ...wanted }: StrangersForm) {
    const refusal = new AbortController();
    const silence = watchSilence(() => refusal.abort(silent()));
    let checking: Promise<unknown> | undefined;
    let welcome = (): void => undefined;
    const welcomed = new Promise<void>((resolve) => (welcome = resolve));
    const onField = (name: string, value: string): void => {
      if (name !== 'api_key' || value === '') return;
      checking = checkKey(value);
      checking.then(welcome, (thrown: unknown) => refusal.abort(thrown));
    };
    const { signal } = refusal;
    const read = async (): Promise<Form> => {
      const form = await guest.readForm({ ...wanted, onField, onChunk: silence.broken, signal, withinMs: FORM_MS_MAX });
      if (!checking) throw keyless();
      await checking;
      return form;
    };
    const form = read();
    return { form, known: Promise.race([welcomed, form]).finally(silence.end) };
  }

  return {
    async readForm(guest, wanted) {
      const { form } = await places.take(wanted.address, async () => {
        const received = receive(guest, wanted);
        await received.known;
        return { form: received.form };
      });
      return form;
    },
  };
}

/** Counts looks, not time: while this process itself is held up, nobody is called silent for it. */
function watchSilence(onSilent: () => void): { broken(): void; end(): void } {
  let looks = 0;
  const timer = setInterval(() => (looks += 1) > SILENT_LOOKS_MAX && onSilent(), LOOK_MS);
  return { broken: () => void (looks = 0), end: () => clearInterval(timer) };
}

const silent = (): HttpRefusal => new HttpRefusal(408, 'nothing of the form came for a while', { Connection: 'close' });

export const keyless = (): NightjarError =>
  new NightjarError('unauthorized', 'an API key is needed: send it as the form field api_key, or as X-API-Key');
