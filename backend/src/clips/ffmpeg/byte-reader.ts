export interface ByteReader {
  /** The next `count` bytes; undefined when the stream ends before. */
  take(count: number): Promise<Buffer | undefined>;
}

/** Reads a stream in pieces of known length. Holds no more than the piece that is waited for and the chunk that ends it. */
export function createByteReader(chunks: AsyncIterable<Buffer>): ByteReader {
  const source = chunks[Symbol.asyncIterator]();
  let held: Buffer[] = [];
  let heldBytes = 0;

  async function fill(count: number): Promise<boolean> {
    while (heldBytes < count) {
      const next = await source.next();
      if (next.done) return false;
      held.push(next.value);
      heldBytes += next.value.length;
    }
    return true;
  }

  return {
    async take(count) {
      if (!(await fill(count))) return undefined;
      const all = held.length === 1 && held[0] ? held[0] : Buffer.concat(held);
      held = [all.subarray(count)];
      heldBytes = all.length - count;
      return all.subarray(0, count);
    },
  };
}
