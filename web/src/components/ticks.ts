// Ticks of an axis of time, in the browser's zone.

export interface Tick {
  at: number;
  label: string;
  /** Whether a new day begins here, or the axis does: then the label names the day. */
  strong: boolean;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Distances between ticks, in milliseconds; those of whole days are counted by the calendar. */
const steps = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14, 28].map((n) => n * day),
];

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const precise = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const date = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });

/** Returns ticks from one instant to another, at most so many. */
export function ticks(from: number, to: number, most: number): Tick[] {
  const step = steps.find((s) => (to - from) / s <= Math.max(1, most)) ?? 28 * day;
  const all: Tick[] = [];
  for (let at = firstTick(from, step); at <= to; at = nextTick(at, step)) {
    const local = new Date(at);
    const midnight = local.getHours() === 0 && local.getMinutes() === 0 && local.getSeconds() === 0;
    const strong = midnight || step >= day;
    all.push({ at, strong, label: strong ? date.format(at) : (step < minute ? precise : time).format(at) });
  }
  return all;
}

/** Ticks stand where clocks show whole steps, also where clocks are changed. */
function firstTick(from: number, step: number): number {
  const start = new Date(from);
  const midnight = new Date(start.getFullYear(), start.getMonth(), start.getDate()).getTime();
  if (step >= day) return midnight < from ? nextTick(midnight, day) : midnight;
  const within = Math.ceil((from - midnight) / step) * step;
  return midnight + within;
}

function nextTick(at: number, step: number): number {
  const local = new Date(at);
  if (step >= day) {
    return new Date(local.getFullYear(), local.getMonth(), local.getDate() + step / day).getTime();
  }
  const next = at + step;
  // After clocks were changed within the day, the hours are counted anew from what they show.
  if (step > hour) {
    const off = new Date(next).getHours() % (step / hour);
    if (off !== 0) return next + (off < step / hour / 2 ? -off : step / hour - off) * hour;
  }
  return next;
}

/** Returns the stretch of time that is a factor as long, with the instant in the same place of it. */
export function zoom(
  from: number,
  to: number,
  at: number,
  factor: number,
  bounds: { least: number; most: number },
) {
  const length = Math.min(bounds.most, Math.max(bounds.least, (to - from) * factor));
  const share = (at - from) / (to - from);
  const begin = Math.round(at - length * share);
  return { from: begin, to: begin + Math.round(length) };
}
