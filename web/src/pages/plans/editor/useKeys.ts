import { useEffect, useRef, useState } from 'react';
import type { KeyboardEvent, RefObject } from 'react';

import type { Layout, Point } from '../layout';
import { nearest } from './arrange';
import type { Direction } from './arrange';
import { useEditing } from './editing';
import { remove } from './edits';
import { keyOf } from './model';
import type { Place } from './model';

const arrows: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

/** How far an arrow key moves a node. */
const stride = 20;

interface Canvas {
  layout: Layout;
  frame: RefObject<HTMLDivElement | null>;
  move: (name: string, to: Point) => void;
}

/**
 * The keyboard on the canvas: one stop of the tabulator key, from which the arrow keys lead to what is beside. C connects,
 * Delete removes, shift and an arrow key move.
 */
export function useKeys({ layout, frame, move }: Canvas) {
  const { graph, spec, chosen, choose, apply, ask, readOnly } = useEditing();
  const [focused, setFocused] = useState('');
  const wanted = useRef<string | null>(null);
  const places = new Map<string, Place>();
  for (const { name } of graph.nodes) places.set(`node ${name}`, { kind: 'node', name });
  for (const { name } of graph.groups) places.set(`group ${name}`, { kind: 'group', name });
  for (const edge of graph.edges) places.set(keyOf({ kind: 'edge', ...edge }), { kind: 'edge', ...edge });
  const stop = [focused, chosen ? keyOf(chosen) : ''].find((key) => places.has(key)) ?? [...places.keys()][0];

  const focus = (key: string) => {
    const all = frame.current?.querySelectorAll<HTMLElement>('[data-key]') ?? [];
    [...all].find((element) => element.dataset.key === key)?.focus();
  };
  // What was focused may be gone after a change: the focus goes on to what is there.
  useEffect(() => {
    if (wanted.current === null) return;
    focus(places.has(wanted.current) ? wanted.current : (stop ?? ''));
    wanted.current = null;
  });

  const walk = (key: string, to: Direction) => {
    const next = nearest(
      middles(
        layout,
        graph.edges.map((edge) => keyOf({ kind: 'edge', ...edge })),
      ),
      key,
      to,
    );
    if (next === null) return;
    setFocused(next);
    focus(next);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const key = (event.target as HTMLElement).dataset.key;
    const place = key === undefined ? undefined : places.get(key);
    if (key === undefined || !place || event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = arrows[event.key];
    const act = actOf(event, place);
    if (!act && !arrow) return;
    event.preventDefault();
    event.stopPropagation();
    if (act) act();
    else if (arrow) walk(key, arrow);
  };
  /** What a key does with a place, other than to leave it. */
  const actOf = ({ key, shiftKey }: KeyboardEvent, place: Place): (() => void) | null => {
    if (readOnly) return null;
    if (key === 'Delete' || key === 'Backspace') {
      return () => {
        const beside = place.kind === 'edge' ? `node ${place.from}` : '';
        wanted.current = beside;
        setFocused(beside);
        choose(null);
        apply({ spec: remove(spec, place) }, `${wordsOf(place)} is removed`);
      };
    }
    if (place.kind === 'edge') return null;
    if (key === 'c') return () => ask({ kind: 'connect', from: place.name });
    const arrow = arrows[key];
    const box = layout.nodes.get(place.name) ?? layout.groups.get(place.name);
    if (!shiftKey || !arrow || !box) return null;
    const [dx, dy] = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[arrow] as [number, number];
    return () =>
      move(place.name, { x: Math.max(0, box.x + dx * stride), y: Math.max(0, box.y + dy * stride) });
  };
  return { stops: (key: string) => key === stop, onKeyDown };
}

/** Names a place, as in "The node extract is removed". */
export function wordsOf(place: Place): string {
  return place.kind === 'edge'
    ? `The edge from ${place.from} to ${place.to}`
    : `The ${place.kind} ${place.name}`;
}

/** Where the middle of each thing is; of a group, that of its title. */
function middles(layout: Layout, edgeKeys: readonly string[]): Map<string, Point> {
  const points = new Map<string, Point>();
  for (const [name, { x, y, width, height }] of layout.nodes) {
    points.set(`node ${name}`, { x: x + width / 2, y: y + height / 2 });
  }
  for (const [name, { x, y, width }] of layout.groups) {
    points.set(`group ${name}`, { x: x + width / 2, y: y + 14 });
  }
  edgeKeys.forEach((key, i) => {
    const line = layout.edges[i];
    if (line) points.set(key, line.label);
  });
  return points;
}
