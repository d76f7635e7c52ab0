import { useEffect, useState } from 'react';

import classes from './TimeTip.module.css';

interface Tip {
  text: string;
  left: number;
  top: number;
  above: boolean;
}

/** The tip is not wider than that, and needs so much room below a time. */
const widest = 320;
const room = 140;

/** What a row of a list is. */
const rows = 'tr, li, [role="listitem"], article';
/** What tells an instant in a row without being a stop of Tab itself. */
const quietTimes = 'time[title]:not([tabindex="0"]), [data-since][title]';

/**
 * Shows what hovering over a time tells to who comes to it by keyboard or by touch: to the time itself, to a link or a button
 * that it stands in, or by keyboard to one in the same row of a list. From time to time the arrows go up and down. Esc takes
 * the tip away. One serves all times there are.
 */
export function TimeTip() {
  const [tip, setTip] = useState<Tip | null>(null);
  useEffect(() => {
    // Who clicks a link or a button of a row does not ask for its times.
    let byKeys = false;
    let told: Told | null = null;
    const place = () => setTip(told && placed(told));
    const tell = (what: Told | null) => {
      told = what;
      place();
    };
    const hide = () => tell(null);
    const show = ({ target }: FocusEvent) => tell(toldAt(target, byKeys));
    const press = () => (byKeys = false);
    const key = (event: KeyboardEvent) => {
      byKeys = true;
      if (event.key === 'Escape') hide();
      const next = timeBeside(event);
      if (!next) return;
      event.preventDefault();
      next.focus();
    };
    document.addEventListener('focusin', show);
    document.addEventListener('focusout', hide);
    document.addEventListener('pointerdown', press, true);
    document.addEventListener('keydown', key, true);
    window.addEventListener('scroll', place, true);
    return () => {
      document.removeEventListener('focusin', show);
      document.removeEventListener('focusout', hide);
      document.removeEventListener('pointerdown', press, true);
      document.removeEventListener('keydown', key, true);
      window.removeEventListener('scroll', place, true);
    };
  }, []);
  if (!tip) return null;
  return (
    // Who listens is told by the time's own title.
    <div
      className={classes.tip}
      style={{ left: tip.left, top: tip.top, maxWidth: widest }}
      data-above={tip.above || undefined}
      data-time-tip
      aria-hidden
    >
      {tip.text}
    </div>
  );
}

interface Told {
  /** What the tip stands beside. */
  anchor: HTMLElement;
  text: string;
}

/** Returns where the tip stands: below its time, or above where there is no room. */
function placed({ anchor, text }: Told): Tip {
  const box = anchor.getBoundingClientRect();
  const above = box.bottom + room > window.innerHeight;
  return {
    text,
    left: Math.max(8, Math.min(box.left, window.innerWidth - widest - 8)),
    top: above ? box.top - 6 : box.bottom + 6,
    above,
  };
}

/** Returns the times that are told where the focus has come to. */
function toldAt(target: EventTarget | null, byKeys: boolean): Told | null {
  if (!(target instanceof HTMLElement)) return null;
  if (target.matches('time[title]')) return { anchor: target, text: target.title };
  if (!target.matches('a, button')) return null;
  const inside = target.querySelector<HTMLElement>('time[title]');
  if (inside) return { anchor: inside, text: inside.title };
  const times = byKeys ? (target.closest(rows)?.querySelectorAll<HTMLElement>(quietTimes) ?? []) : [];
  const [anchor, ...others] = times;
  if (!anchor) return null;
  if (others.length === 0) return { anchor, text: anchor.title };
  return { anchor, text: Array.from(times, (time) => `${headOf(time)}${time.title}`).join('\n\n') };
}

/** The head of the column that a time stands in, as a line; empty where there is none. */
function headOf(time: HTMLElement): string {
  const cell = time.closest('td');
  const head = cell?.closest('table')?.tHead?.rows[0]?.cells[cell.cellIndex]?.textContent ?? '';
  return head === '' ? '' : `${head}\n`;
}

/** Returns the time that an arrow leads to from one in a row of a list: in the next row that has one, at the same place. */
function timeBeside({ key, target }: KeyboardEvent): HTMLElement | null {
  if ((key !== 'ArrowDown' && key !== 'ArrowUp') || !(target instanceof HTMLElement)) return null;
  if (!target.matches('time[title]')) return null;
  const row = target.closest(rows);
  const place = Array.from(row?.querySelectorAll('time') ?? []).findIndex((time) => time === target);
  const beside = (of: Element) => (key === 'ArrowDown' ? of.nextElementSibling : of.previousElementSibling);
  for (let next = row && beside(row); next; next = beside(next)) {
    const times = next.querySelectorAll<HTMLElement>('time[title]');
    const time = times[Math.min(place, times.length - 1)];
    if (time) return time;
  }
  return null;
}
