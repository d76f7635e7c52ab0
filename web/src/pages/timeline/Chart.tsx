import { VisuallyHidden } from '@mantine/core';
import { useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useNavigate } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, PointerEvent } from 'react';

import { instantText, instantTitle, utcText } from '../../components/instants';
import { states } from '../../components/states';
import { duration } from '../../data/instants';
import { axisHeight, colorsOf, draw } from './draw';
import { barAt, endOf, neighbour } from './layout';
import type { Bar, LaneBy, Layout } from './layout';
import classes from './Timeline.module.css';
import type { Stretch } from './useStretch';

interface Props {
  layout: Layout;
  by: LaneBy;
  stretch: Stretch;
  now: number;
}

/** The lanes with their bars on a canvas; names stand beside it, and a bar is told in words when one comes to it. */
export function Chart({ layout, by, stretch, now }: Props) {
  const { ref: room, width, height } = useElementSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [top, setTop] = useState(0);
  const [marked, setMarked] = useState<Bar | null>(null);
  const [pointer, setPointer] = useState<{ x: number; y: number } | null>(null);
  const scheme = useComputedColorScheme('light');
  const navigate = useNavigate();
  const drag = useRef<{ x: number; from: number; to: number; moved: boolean } | null>(null);
  const { from, to } = stretch;
  const label = useCallback((bar: Bar) => (by === 'server' ? bar.task : bar.server), [by]);
  // Bars are made anew with each answer; the marked one is found again by its id.
  const shown = useMemo(() => (marked === null ? null : find(layout, marked.id)), [layout, marked]);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || width === 0) return undefined;
    const frame = requestAnimationFrame(() => {
      const ratio = window.devicePixelRatio || 1;
      if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
        element.width = Math.round(width * ratio);
        element.height = Math.round(height * ratio);
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      draw(context, layout, { from, to, width, height, top, now }, colorsOf(element), shown, label);
    });
    return () => cancelAnimationFrame(frame);
  }, [layout, from, to, width, height, top, now, shown, scheme, label]);

  const open = (bar: Bar | null) => {
    if (bar?.run)
      void navigate({
        to: `/runs/${bar.run}`,
        search: bar.attempt > 1 ? { attempt: String(bar.attempt) } : {},
      });
  };
  const under = (x: number, y: number) =>
    y < axisHeight ? null : barAt(layout, x, y - axisHeight + top, { from, to, width, now });

  // By keyboard there is no pointer: the words stand at the bar.
  const place = pointer ?? (shown ? placeOf(layout, shown, { from, to, width, top }) : null);

  useZoomByWheel(canvas, stretch, width);
  const move = (event: PointerEvent<HTMLCanvasElement>) => {
    const { x, y } = placeIn(event);
    if (drag.current) {
      const shift = ((drag.current.x - x) * (drag.current.to - drag.current.from)) / Math.max(1, width);
      if (Math.abs(drag.current.x - x) > 4) drag.current.moved = true;
      if (drag.current.moved) stretch.show(drag.current.from + shift, drag.current.to + shift);
      return;
    }
    setPointer({ x, y });
    setMarked(under(x, y));
  };
  const keys = (event: KeyboardEvent) => {
    const way = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' } as const;
    const to4 = way[event.key as keyof typeof way] as 'left' | 'right' | 'up' | 'down' | undefined;
    if (to4) {
      event.preventDefault();
      const next = neighbour(layout, shown, to4, now);
      setPointer(null);
      setMarked(next);
      if (next && (next.from > to || endOf(next, now) < from)) {
        const half = (to - from) / 2;
        stretch.show(next.from - half, next.from + half);
      }
    } else if (event.key === 'Enter') open(shown);
    else if (event.key === '+') stretch.zoomBy(0.5, shown?.from);
    else if (event.key === '-') stretch.zoomBy(2, shown?.from);
    else return;
    event.preventDefault();
  };
  return (
    <div
      className={classes.chart}
      style={{ height: `min(72vh, 56rem, ${Math.max(120, layout.height + axisHeight + 4)}px)` }}
    >
      <div className={classes.names} style={{ paddingTop: axisHeight }}>
        <div style={{ transform: `translateY(${-top}px)` }}>
          {layout.lanes.map((lane) => (
            <div key={lane.name} className={classes.name} style={{ height: lane.height }} title={lane.name}>
              {lane.name === '' ? 'to come' : lane.name}
              <span className={classes.many}>{lane.count}</span>
            </div>
          ))}
        </div>
      </div>
      <div
        className={classes.scroll}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        tabIndex={0}
        role="application"
        aria-label="Bars of the timeline: arrow keys go from bar to bar, Enter opens the run, plus and minus zoom"
        onKeyDown={keys}
      >
        <div ref={room} className={classes.canvas}>
          <canvas
            ref={canvas}
            style={{ width, height, cursor: shown?.run ? 'pointer' : 'grab' }}
            onPointerMove={move}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              drag.current = { x: placeIn(event).x, from, to, moved: false };
            }}
            onPointerUp={(event) => {
              const { x, y } = placeIn(event);
              if (drag.current && !drag.current.moved) open(under(x, y));
              drag.current = null;
            }}
            onPointerLeave={() => {
              if (!drag.current) setMarked(null);
              setPointer(null);
            }}
          />
        </div>
        {/* Gives the scroller the height of all lanes; the canvas stays in its place. */}
        <div style={{ height: Math.max(0, layout.height + axisHeight - height) }} />
      </div>
      {shown && place && (
        <div
          className={classes.tip}
          style={{
            left: Math.max(0, Math.min(place.x + 16, width - 250)),
            top: Math.min(place.y + 20, Math.max(0, height - 90)),
          }}
          aria-hidden
        >
          <Words bar={shown} now={now} />
        </div>
      )}
      <VisuallyHidden aria-live="polite">
        {shown && !pointer && <Words bar={shown} now={now} />}
      </VisuallyHidden>
    </div>
  );
}

function Words({ bar, now }: { bar: Bar; now: number }) {
  if (bar.state === 'forecast') {
    return (
      <>
        <strong>{bar.task}</strong>
        <span>to come, at {instantText(new Date(bar.from))}</span>
        <span className={classes.zones}>{instantTitle(new Date(bar.from), bar.zone)}</span>
      </>
    );
  }
  return (
    <>
      <strong>{bar.task}</strong>
      <span>
        {states[bar.state].word} on {bar.server}
        {bar.attempt > 1 && `, attempt ${bar.attempt}`}
      </span>
      <span>
        from {instantText(new Date(bar.from))}
        {bar.to === null ? ', still running' : ` to ${instantText(new Date(bar.to))}`},{' '}
        {duration(endOf(bar, now) - bar.from)}
      </span>
      <span className={classes.zones}>
        {utcText(new Date(bar.from))}
        {bar.to !== null && ` to ${utcText(new Date(bar.to))}`}
      </span>
    </>
  );
}

function find(layout: Layout, id: string): Bar | null {
  for (const lane of layout.lanes) {
    for (const row of lane.rows) {
      const bar = row.find((b) => b.id === id);
      if (bar) return bar;
    }
  }
  return null;
}

/** Where a bar begins in what is in sight. */
function placeOf(layout: Layout, bar: Bar, view: { from: number; to: number; width: number; top: number }) {
  const lane = layout.lanes.find(({ rows }) => rows.some((row) => row.includes(bar)));
  const x = ((bar.from - view.from) / (view.to - view.from)) * view.width;
  return { x: Math.max(0, x), y: axisHeight + (lane?.top ?? 0) - view.top };
}

function placeIn(event: PointerEvent<HTMLElement>): { x: number; y: number } {
  const box = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

/** With Ctrl (or a pinch) the wheel zooms, with Shift or sideways it moves; alone it scrolls the lanes. */
function useZoomByWheel(canvas: React.RefObject<HTMLCanvasElement | null>, stretch: Stretch, width: number) {
  const latest = useRef({ stretch, width });
  latest.current = { stretch, width };
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    // React's own handlers cannot keep the page from zooming.
    const wheel = (event: WheelEvent) => {
      const { stretch: now, width: wide } = latest.current;
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const share = (event.clientX - element.getBoundingClientRect().left) / Math.max(1, wide);
        now.zoomBy(Math.exp(event.deltaY / 300), now.from + share * (now.to - now.from));
      } else if (sideways !== 0) {
        event.preventDefault();
        now.move(sideways / Math.max(1, wide));
      }
    };
    element.addEventListener('wheel', wheel, { passive: false });
    return () => element.removeEventListener('wheel', wheel);
  }, [canvas]);
}
