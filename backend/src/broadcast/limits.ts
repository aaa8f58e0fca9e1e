/** What a WebSocket client may cost, and how long things may take. */
export interface SocketLimits {
  /** Connected; beyond: HTTP 503. */
  readonly clientsMax: number;
  /** Being authenticated; beyond: HTTP 503. */
  readonly arrivingMax: number;
  /** Connected with one key, those of its sessions included; beyond: HTTP 429. */
  readonly clientsPerKeyMax: number;
  /** Of `clientsMax`, those that only admins get; to others: HTTP 503. */
  readonly adminSeats: number;
  /** A client's message; beyond: close 1009. */
  readonly messageBytesMax: number;
  /** Messages from a client within a second; beyond: close 1008. */
  readonly messagesPerSecondMax: number;
  /** Pieces that a client's message comes in; beyond: close 1008. No client that means well needs more than one. */
  readonly messageFragmentsMax: number;
  /** Pings and pongs of the WebSocket protocol within a second; beyond: close 1008. */
  readonly controlFramesPerSecondMax: number;
  /** Unsent bytes of a client that is live, or that asks on without taking the answers; beyond: close 4008. */
  readonly bufferedBytesMax: number;
  /** Unsent bytes at which a replay waits for the client, and at which passing messages are left out. */
  readonly replayBufferedBytesMax: number;
  /** How long a replay waits for a client that takes nothing; beyond: close 4008. */
  readonly stallMs: number;
  /** How long the first `subscribe` may take; then the client gets everything. */
  readonly subscribeMs: number;
  /** A client that was silent for a whole interval, asked by a ping, is dead. */
  readonly heartbeatMs: number;
  readonly statusMs: number;
  /** How long one whose key has expired may stay, at most. */
  readonly recheckMs: number;
  /** How long a closing handshake may take before the connection is cut. */
  readonly closeMs: number;
  /** The same at shutdown. */
  readonly shutdownMs: number;
  /** Rest after a failed read of the database during a replay. */
  readonly retryMs: number;
}

export const socketLimits: SocketLimits = {
  clientsMax: 2_000,
  arrivingMax: 1_000,
  clientsPerKeyMax: 1_200,
  adminSeats: 50,
  messageBytesMax: 64 * 1024,
  messagesPerSecondMax: 20,
  messageFragmentsMax: 1_024,
  controlFramesPerSecondMax: 200,
  bufferedBytesMax: 4 * 1024 * 1024,
  replayBufferedBytesMax: 256 * 1024,
  stallMs: 60_000,
  subscribeMs: 1_000,
  heartbeatMs: 30_000,
  statusMs: 5_000,
  recheckMs: 500,
  closeMs: 5_000,
  shutdownMs: 1_000,
  retryMs: 1_000,
};
