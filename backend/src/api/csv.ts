/** Lines of CSV (RFC 4180) that no spreadsheet takes for anything but text, whatever it takes for a separator. */
import { stringify } from 'csv-stringify/sync';

/**
 * Where a formula would begin: at the start of a cell, and after whatever one program or another, in one country or another,
 * takes for the end of a cell; quotes and blanks before it do not count. Wide forms of the signs do.
 */
const FORMULA = /(?<=^|[;,|\t\r\n])(?=[" \u00a0]*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r])/gu;

export const toCsv = (lines: readonly (readonly unknown[])[]): string =>
  stringify(
    lines.map((line) => [...line]),
    { quoted_string: true, record_delimiter: 'windows', cast: { boolean: String, string: toHarmless } },
  );

/** An apostrophe before it makes text of a formula. */
export const toHarmless = (text: string): string => text.replaceAll(FORMULA, "'");
