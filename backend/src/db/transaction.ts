import { AwayError, errorCode } from '../lib/errors.ts';
import type { Sql, Tx } from './index.ts';

/** Codes of a connection that is closed, or about to be; not of one that we threw away ourselves. */
const BROKEN = /^(CONNECTION_CLOSED|E[A-Z]+)$/;

const isBroken = (thrown: unknown): boolean =>
  BROKEN.test(errorCode(thrown) ?? errorCode(thrown instanceof Error ? thrown.cause : undefined) ?? '');

/**
 * A transaction of the driver, without its deadly flaw: on a connection that broke it still sends what comes next, if only
 * the ROLLBACK, and the write fails where nobody can catch it: the process ends (porsager/postgres#1154 and #1208, open as
 * of 3.4.9). So once the connection is broken `use` gets no further query through, and the driver never hears that
 * `use` failed: it ends the transaction by itself when it sees the connection closed. `mode` is what BEGIN may be given.
 */
export async function runTransaction<T>(sql: Sql, use: (tx: Tx) => Promise<T>, mode = ''): Promise<T> {
  let isOver = false;
  const begun = sql.begin(mode, async (tx) => {
    try {
      return await use(refuseWhen(() => isOver, tx));
    } catch (thrown) {
      if (isOver || isBroken(thrown)) return new Promise<never>(() => undefined);
      throw thrown;
    }
  });
  try {
    return (await begun) as T;
  } finally {
    isOver = true;
  }
}

function refuseWhen(isOver: () => boolean, tx: Tx): Tx {
  return new Proxy(tx, {
    apply(target, self, given: unknown[]) {
      if (isOver()) throw new AwayError('the database', 'the connection was lost');
      return Reflect.apply(target as (...given: unknown[]) => unknown, self, given);
    },
  });
}
