/** Six digits: all that a `real` column keeps for certain, so that a score is the same wherever it is told. */
export const toScore = (score: number): number => Math.round(score * 1e6) / 1e6;
