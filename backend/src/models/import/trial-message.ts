/** What the importing process and the one that tries the network say to each other; must be cloneable. */

export interface TrialTask {
  readonly onnxPath: string;
  readonly input: { readonly name: string; readonly width: number; readonly height: number };
  /** The pictures of each run, by the number that they are made from. */
  readonly runs: readonly (readonly number[])[];
}

export interface TrialOutput {
  readonly dims: readonly number[];
  /** A typed array. */
  readonly data: unknown;
}
/** By output name. */
export type TrialRun = Readonly<Record<string, TrialOutput>>;

export interface TrialResult {
  readonly runs: readonly TrialRun[];
  /** Of one picture, once warm, on one thread. */
  readonly runMs: number;
}

export type TrialAnswer = { readonly result: TrialResult } | { readonly failed: string };
