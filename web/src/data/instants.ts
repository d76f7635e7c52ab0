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

const back = /^(\d+)([mhd])$/;
const backMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Makes an instant as the wire has it of "24h", which is so long ago, or of the text of one. Any other text stays as it is. */
export function wireInstant(text: string, now: number): string {
  const [, number, letter] = back.exec(text) ?? [];
  if (number !== undefined) {
    // Whole minutes keep the question the same for a while.
    const minute = 60_000;
    const at = Math.floor((now - Number(number) * (backMs[letter ?? ''] ?? 0)) / minute) * minute;
    return new Date(at).toISOString();
  }
  const at = Date.parse(text);
  return Number.isNaN(at) ? text : new Date(at).toISOString();
}
