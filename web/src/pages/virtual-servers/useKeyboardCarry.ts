import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useContext, useRef } from 'react';
import type { KeyboardEvent } from 'react';

import type { VirtualServer } from '../../data/virtualServers';
import { effectOfDrafts } from '../../data/virtualServers';
import { Carrying, dropPlace, outside } from './carry';
import type { Carried, Over } from './carry';
import { spoken } from './Ghost';
import { draftsOf, namesOf } from './moves';
import type { Move } from './moves';
import { Speaking } from './speech';

/** Returns the move that dropping would make, or null where nothing would be dropped on. */
export function moveOf({ servers, from, over }: Carried): Move | null {
  if (!over || (over.group === outside && from === null)) return null;
  return over.group === outside
    ? { servers, from, to: null, position: null }
    : { servers, from, to: over.group, position: over.position };
}

/** Returns the place that an arrow leads to: up and down from group to group, left and right among the members. */
export function stepped(
  over: Over | null,
  key: string,
  groups: readonly VirtualServer[],
  mayLeave: boolean,
): Over | null {
  const places = [...groups.map(({ name }) => name), ...(mayLeave ? [outside] : [])];
  const at = over ? places.indexOf(over.group) : -1;
  if (key === 'ArrowDown' || key === 'ArrowUp') {
    const next = key === 'ArrowDown' ? at + 1 : at <= 0 ? places.length - 1 : at - 1;
    const group = places[next % places.length];
    return group === undefined ? null : { group, position: null };
  }
  const group = groups.find(({ name }) => name === over?.group);
  if (!over || group?.selection !== 'priority') return over;
  const last = group.members.length;
  const position = (over.position ?? last) + (key === 'ArrowRight' ? 1 : -1);
  return { ...over, position: Math.max(0, Math.min(last, position)) };
}

const arrows = ['ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight'];

/** Handles a key on the handle of servers that are in a group, or in the list of all. */
export type KeyHandler = (event: KeyboardEvent, servers: string[], from: string | null) => void;

/** Carries servers by keyboard alone: Space lifts, arrows choose, Space drops, Esc returns. All of it is spoken. */
export function useKeyboardCarry(groups: readonly VirtualServer[], drop: (move: Move) => void): KeyHandler {
  const store = useContext(Carrying);
  const speak = useContext(Speaking);
  const queries = useQueryClient();

  const tell = (carried: Carried) => {
    const { over } = carried;
    if (!over) return;
    const move = moveOf(carried);
    const drafts = move ? draftsOf(groups, move) : [];
    const name = over.group === outside ? 'out of its group' : over.group;
    const place = over.position === null ? '' : `, place ${over.position + 1}`;
    speak(`${name}${place}${drafts.length === 0 ? ': nothing would change' : ''}`);
    dropPlace(over.group)?.scrollIntoView({ block: 'nearest' });
    if (drafts.length === 0) return;
    void queries.query(effectOfDrafts(drafts)).then(
      (effects) => {
        if (store.get()?.over === over) speak(`${name}${place}. ${spoken(effects)}`);
      },
      () => undefined,
    );
  };

  const lift = (servers: string[], from: string | null) => {
    store.lift(servers, from, 'keyboard', { over: stepped(null, 'ArrowDown', groups, from !== null) });
    const carried = store.get();
    speak(
      `${namesOf(servers)} lifted. Arrow keys choose a virtual server, Space drops, Escape returns. ${carried?.over?.group ?? 'There is no virtual server'}`,
    );
  };

  const put = () => {
    const carried = store.end();
    const move = carried && moveOf(carried);
    if (!move) return;
    speak(`${namesOf(move.servers)} dropped ${move.to === null ? 'outside' : `on ${move.to}`}`);
    drop(move);
  };

  const onKey: KeyHandler = (event, servers, from) => {
    const carried = store.get();
    const pressed = event.key === ' ' || event.key === 'Enter';
    if (!carried) {
      if (!pressed) return;
      lift(servers, from);
    } else if (pressed) put();
    else if (arrows.includes(event.key)) {
      store.hold(stepped(carried.over, event.key, groups, carried.from !== null));
      const now = store.get();
      if (now) tell(now);
    } else if (event.key === 'Escape' || event.key === 'Tab') {
      store.end();
      speak(`${namesOf(carried.servers)} returned`);
      if (event.key === 'Tab') return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const latest = useRef(onKey);
  latest.current = onKey;
  /** Handles a key on the handle of a server. It stays the same, so that nothing is drawn anew for it. */
  return useCallback((...key: Parameters<KeyHandler>) => latest.current(...key), []);
}
