import type { Message } from '../model/wire.ts';

/** A durable message made ready for the wire: serialised once, shared by all clients. */
export interface Delivery {
  readonly seq: number;
  readonly type: string;
  /** The camera it belongs to; null for types this version does not know, which only unlimited keys get to see. */
  readonly cameraId: string | null;
  /** A whole WebSocket frame. */
  readonly frame: Buffer;
}

export const toDelivery = (message: Message): Delivery => ({
  seq: message.seq,
  type: message.type,
  cameraId: toCameraIdOf(message),
  frame: toTextFrame(JSON.stringify(toWire(message))),
});

/** Of which trace it is does not concern clients. */
const toWire = ({ seq, type, at, data }: Message) => ({ seq, type, at, data });

/** Every durable message belongs to one camera. */
export function toCameraIdOf(message: Message): string | null {
  switch (message.type) {
    case 'camera.created':
    case 'camera.status':
      return message.data.id;
    case 'detection.created':
      return message.data.frame.camera_id;
    case 'event.opened':
    case 'event.updated':
    case 'event.closed':
    case 'event.analyzed':
    case 'alert.created':
    case 'alert.updated':
    case 'frame.dead':
    case 'clip.dead':
      return message.data.camera_id;
    default:
      // During a rolling upgrade a newer process stores types that this one has yet to learn.
      message satisfies never;
      return null;
  }
}

const FIN_TEXT = 0x81;

/**
 * An unmasked, unfragmented text frame (RFC 6455, section 5.2). Made here and not by `ws`, so that a message to a
 * thousand clients is framed once and its bytes stand in memory once, however many of them are slow to take it.
 */
export function toTextFrame(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const headBytes = bytes < 126 ? 2 : bytes < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + bytes);
  frame[0] = FIN_TEXT;
  frame[1] = headBytes === 2 ? bytes : headBytes === 4 ? 126 : 127;
  if (headBytes === 4) frame.writeUInt16BE(bytes, 2);
  if (headBytes === 10) frame.writeBigUInt64BE(BigInt(bytes), 2);
  frame.write(text, headBytes);
  return frame;
}
