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

/**
 * Shows what hovering over a time tells to who comes to it by keyboard or by touch: to the time itself, or to a link or a
 * button that it stands in. Esc takes it away. One serves all times there are.
 */
export function TimeTip() {
  const [tip, setTip] = useState<Tip | null>(null);
  useEffect(() => {
    const hide = () => setTip(null);
    const show = ({ target }: FocusEvent) => {
      const time = timeOf(target);
      if (!time) return;
      const box = time.getBoundingClientRect();
      const above = box.bottom + room > window.innerHeight;
      setTip({
        text: time.title,
        left: Math.max(8, Math.min(box.left, window.innerWidth - widest - 8)),
        top: above ? box.top - 6 : box.bottom + 6,
        above,
      });
    };
    const key = (event: KeyboardEvent) => event.key === 'Escape' && hide();
    document.addEventListener('focusin', show);
    document.addEventListener('focusout', hide);
    document.addEventListener('keydown', key);
    window.addEventListener('scroll', hide, true);
    return () => {
      document.removeEventListener('focusin', show);
      document.removeEventListener('focusout', hide);
      document.removeEventListener('keydown', key);
      window.removeEventListener('scroll', hide, true);
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

function timeOf(target: EventTarget | null): HTMLElement | null {
  if (!(target instanceof HTMLElement)) return null;
  if (target.matches('time[title]')) return target;
  return target.matches('a, button') ? target.querySelector<HTMLElement>('time[title]') : null;
}
