import { useEffect, useRef, useState } from 'react';
import type { PointerEvent as ReactPointerEvent, RefObject } from 'react';

import type { Layout, Point } from '../layout';
import { placeAt } from './arrange';
import type { Place } from './model';

/** What a pointer does with the canvas: it moves a node or a group, or draws an edge from one. */
export interface Gesture {
  kind: 'move' | 'connect';
  name: string;
  /** Where the pointer is, in the canvas. */
  at: Point;
  /** Where what is moved is now. */
  box: Point;
  /** What is under the pointer. */
  under: Place | null;
}

/** A pointer that is pressed moves nothing before it has gone so far. */
const leastMove = 5;
/** The canvas follows a pointer that comes so near to its border. */
const border = 28;
const step = 14;

interface Canvas {
  /** What has the canvas's coordinates. */
  frame: RefObject<HTMLDivElement | null>;
  /** What scrolls it. */
  scroll: RefObject<HTMLDivElement | null>;
  zoom: number;
  layout: Layout;
  onDrop: (gesture: Gesture) => void;
}

/** Follows the pointer by mouse, pen and touch from where it is pressed until it is let go. Escape gives up. */
export function useGesture(canvas: Canvas) {
  const [gesture, setGesture] = useState<Gesture | null>(null);
  const latest = useRef(canvas);
  latest.current = canvas;
  const end = useRef<() => void>(() => undefined);
  // The click that follows a drag is none.
  const dragged = useRef(false);
  useEffect(() => () => end.current(), []);

  const begin = (event: ReactPointerEvent, kind: Gesture['kind'], name: string) => {
    if (event.button !== 0) return;
    dragged.current = false;
    const pressed = { x: event.clientX, y: event.clientY };
    const { layout } = latest.current;
    const first = layout.nodes.get(name) ?? layout.groups.get(name) ?? pressed;
    const start = pointIn(latest.current, pressed);
    let now: Gesture | null = null;
    const move = (moved: PointerEvent) => {
      const to = { x: moved.clientX, y: moved.clientY };
      if (!now && Math.hypot(to.x - pressed.x, to.y - pressed.y) < leastMove) return;
      dragged.current = true;
      scrollWith(latest.current.scroll.current, to);
      const at = pointIn(latest.current, to);
      const box = {
        x: Math.max(0, first.x + at.x - start.x),
        y: Math.max(0, first.y + at.y - start.y),
      };
      now = { kind, name, at, box, under: placeAt(latest.current.layout, at, name) };
      setGesture(now);
    };
    const stop = () => {
      window.removeEventListener('pointermove', move);
      window.removeEventListener('pointerup', drop);
      window.removeEventListener('pointercancel', stop);
      window.removeEventListener('keydown', giveUp);
      setGesture(null);
    };
    const drop = () => {
      stop();
      if (now) latest.current.onDrop(now);
    };
    const giveUp = (pressedKey: KeyboardEvent) => {
      if (pressedKey.key === 'Escape') stop();
    };
    end.current();
    end.current = stop;
    window.addEventListener('pointermove', move);
    window.addEventListener('pointerup', drop);
    window.addEventListener('pointercancel', stop);
    window.addEventListener('keydown', giveUp);
  };

  return { gesture, begin, wasDragged: () => dragged.current };
}

function pointIn({ frame, zoom }: Canvas, { x, y }: Point): Point {
  const box = frame.current?.getBoundingClientRect();
  return { x: (x - (box?.left ?? 0)) / zoom, y: (y - (box?.top ?? 0)) / zoom };
}

function scrollWith(element: HTMLElement | null, { x, y }: Point): void {
  if (!element) return;
  const { left, right, top, bottom } = element.getBoundingClientRect();
  if (x > right - border) element.scrollLeft += step;
  if (x < left + border) element.scrollLeft -= step;
  if (y > bottom - border) element.scrollTop += step;
  if (y < top + border) element.scrollTop -= step;
}
