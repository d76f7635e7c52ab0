// Instants and lengths of time, as the wire has them and as people read them.

export function instant(text: string | null | undefined): Date | null {
  return text === null || text === undefined ? null : new Date(text);
}

const unitMs: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, µs: 1e-3, ns: 1e-6 };

/** Returns the milliseconds of a duration such as "1h30m", "90s", "500ms" or "250µs"; NaN for anything else. */
export function milliseconds(text: string): number {
  if (!/^(\d+(\.\d+)?(h|ms|µs|ns|m|s))+$/.test(text)) return NaN;
  let sum = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|µs|ns|m|s)/g)) {
    sum += Number(number) * (unitMs[unit ?? ''] ?? NaN);
  }
  return sum;
}

/** Writes a length of time in its two largest units, such as "2 m 5 s". */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
