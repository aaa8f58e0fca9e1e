/** What stands for all values beyond the limit. */
const OTHER = 'other';

/**
 * Holds the values of a label to so many different ones. Each is a series that is kept until the process ends, here and in
 * Prometheus: what people or models may name without end must not become one without end.
 */
export function createBound(valuesMax: number): (value: string) => string {
  const seen = new Set<string>();
  return (value) => {
    if (seen.has(value)) return value;
    if (seen.size >= valuesMax) return OTHER;
    seen.add(value);
    return value;
  };
}
