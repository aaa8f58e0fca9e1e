/** For the tests of this room: the outer structure of films, with nothing to be seen in them. */

export const box = (type: string, ...content: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
};

/** A box whose size is given in eight bytes, as those of films above 4 GB are. */
export const longBox = (type: string, content: Uint8Array): Buffer => {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(1, 0);
  head.write(type, 4, 'latin1');
  head.writeBigUInt64BE(BigInt(16 + content.length), 8);
  return Buffer.concat([head, content]);
};

export const filling = (bytes: number, salt = 1): Buffer => Buffer.alloc(bytes, `salt ${salt} `);

const fileType = (brand: string): Buffer => box('ftyp', Buffer.from(`${brand}\0\0\0\0isomiso2`, 'latin1'));
const movieHead = box('mvhd', filling(100));

/** As most cameras write it: what the film is made of comes last. */
export const makeMp4 = (salt = 1, brand = 'isom'): Buffer =>
  Buffer.concat([fileType(brand), box('free'), box('mdat', filling(600, salt)), box('moov', movieHead)]);

export const makeMp4IndexFirst = (): Buffer =>
  Buffer.concat([fileType('mp42'), box('moov', movieHead), longBox('mdat', filling(600))]);

export const makeOldQuicktime = (): Buffer =>
  Buffer.concat([box('wide'), box('mdat', filling(600)), box('moov', movieHead)]);

export const makeFragmented = (): readonly Buffer[] => [
  Buffer.concat([fileType('iso5'), box('moov', movieHead, box('mvex', box('trex', filling(24))))]),
  Buffer.concat([box('moof', filling(60)), box('mdat', filling(900))]),
  Buffer.concat([box('moof', filling(60)), box('mdat', filling(900))]),
  box('mfra', filling(40)),
];

const chunk = (form: string, content: Uint8Array): Buffer => {
  const head = Buffer.alloc(8);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(4 + content.length, 4);
  return Buffer.concat([head, Buffer.from(form, 'latin1'), content]);
};

export const makeAvi = (): Buffer => chunk('AVI ', filling(600));
/** Of more than one gigabyte, in truth. */
export const makeLongAvi = (): Buffer => Buffer.concat([chunk('AVI ', filling(2_000)), chunk('AVIX', filling(1_000))]);

const element = (id: string, content: Uint8Array): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(content.length) | (1n << 56n), 0);
  return Buffer.concat([Buffer.from(id, 'hex'), length, content]);
};
const ebmlHead = element('1a45dfa3', element('4282', Buffer.from('matroska')));
const SEGMENT = '18538067';

export const makeMatroska = (): Buffer => Buffer.concat([ebmlHead, element(SEGMENT, filling(600))]);
/** Written live: how long it will be was not known. */
export const makeEndlessMatroska = (): Buffer =>
  Buffer.concat([ebmlHead, Buffer.from(`${SEGMENT}01ffffffffffffff`, 'hex'), filling(600)]);

export function makeTransportStream(packets = 20, stampBytes = 0): Buffer {
  const packet = Buffer.concat([Buffer.alloc(stampBytes, 9), Buffer.from([0x47]), filling(187)]);
  return Buffer.concat(Array.from({ length: packets }, () => packet));
}

export const rawH264 = Buffer.concat([Buffer.from('0000000109100000000167420029', 'hex'), filling(500)]);
export const rawH265 = Buffer.concat([Buffer.from('00000001460110000000014001', 'hex'), filling(500)]);
