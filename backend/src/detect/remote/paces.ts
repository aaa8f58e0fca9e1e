/** How often and how long, milliseconds. Passed in so that tests need not wait. */
export interface Paces {
  /** Between two looks at a server that is used, and at one that is not. */
  readonly lookMs: number;
  readonly retryLookMs: number;
  /** How often it is asked whether a look is due. */
  readonly tickMs: number;
  readonly healthTimeoutMs: number;
  /** How long a breaker stays open at first, and at most. */
  readonly breakMsFirst: number;
  readonly breakMsMax: number;
  /** Before the second try of a call; doubled for the third. */
  readonly retryMs: number;
  /** How long the first look may hold up the start. */
  readonly startMsMax: number;
  /** How long closing waits for requests under way. */
  readonly closeMsMax: number;
}

export const defaultPaces: Paces = {
  lookMs: 5_000,
  retryLookMs: 1_000,
  tickMs: 250,
  healthTimeoutMs: 3_000,
  breakMsFirst: 1_000,
  breakMsMax: 15_000,
  retryMs: 100,
  startMsMax: 5_000,
  closeMsMax: 2_000,
};
