/** A body that is made piece by piece, as fast as the client takes them. */

/** Stops by itself once `isWanted` is false, where nothing that it finds is worth a piece. */
export type MakePieces = (isWanted: () => boolean) => AsyncGenerator<Uint8Array>;

/** `onFailed` is told of what the making threw; not of a client that has gone, which is nobody's fault. */
export function toBody(makePieces: MakePieces, onFailed: (cause: unknown) => void): ReadableStream<Uint8Array> {
  let isGone = false;
  const pieces = makePieces(() => !isGone);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await pieces.next();
          // The stream was ended while the piece was made: it takes nothing more, not even its end.
          if (isGone) return;
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        } catch (thrown) {
          if (isGone) return;
          onFailed(thrown);
          controller.error(thrown);
        }
      },
      async cancel() {
        isGone = true;
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
