// Numbers of bytes, as people read them.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Writes a number of bytes, such as "1.5 MiB". */
export function bytes(count: number): string {
  let value = Math.abs(count);
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${count < 0 ? '-' : ''}${value.toFixed(digits)} ${units[unit] ?? ''}`;
}
