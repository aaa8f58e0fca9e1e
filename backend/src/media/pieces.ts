/** The same bytes in pieces of `pieceBytes` each, the last one shorter; none at all if there are no bytes. */
export async function* toPieces(bytes: AsyncIterable<Buffer>, pieceBytes: number): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = [];
  let length = 0;
  for await (const given of bytes) {
    let rest = given;
    while (length + rest.length >= pieceBytes) {
      const taken = rest.subarray(0, pieceBytes - length);
      yield Buffer.concat([...gathered, taken]);
      rest = rest.subarray(taken.length);
      gathered = [];
      length = 0;
    }
    if (rest.length > 0) gathered.push(rest);
    length += rest.length;
  }
  if (length > 0) yield Buffer.concat(gathered);
}
