/** Values of options, as commander wants them parsed. */
import { InvalidArgumentError } from 'commander';

/** NaN for what is no number, an empty text included. */
export const toNumber = (text: string): number => (text.trim() === '' ? NaN : Number(text));

/** A number within limits; throws for anything else, in words. */
export const numberFrom =
  (min: number, max: number) =>
  (text: string): number => {
    const value = toNumber(text);
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`must be from ${min} to ${max}`);
  };

export const parseScore = numberFrom(0, 1);
