// What stands on the canvas: nodes, groups, and the words of edges. Each is a button that chooses it.

import { IconAlertCircle, IconGripVertical, IconPlus } from '@tabler/icons-react';
import type { PointerEvent } from 'react';

import type { Condition, GraphGroup } from '../../../data/plans';
import type { Box, Point } from '../layout';
import { conditionWords } from '../PlanGraph';
import graphClasses from '../PlanGraph.module.css';
import classes from './Canvas.module.css';
import { useEditing } from './editing';
import { keyOf, samePlace } from './model';
import type { Place } from './model';

interface Shared {
  /** Whether the tabulator key stops here. */
  stop: boolean;
  /** Whether an edge that is drawn would end here. */
  under: boolean;
  wasDragged: () => boolean;
  begin: (event: PointerEvent, kind: 'move' | 'connect', name: string) => void;
}

/** The attributes of the button that chooses a place. */
function useChoice(place: Place, wasDragged: () => boolean) {
  const { chosen, choose, faults } = useEditing();
  const key = keyOf(place);
  return {
    faults: faults.get(key) ?? [],
    chosen: samePlace(chosen, place),
    button: {
      type: 'button' as const,
      'data-key': key,
      'aria-pressed': samePlace(chosen, place),
      onClick: () => {
        if (!wasDragged()) choose(place);
      },
    },
  };
}

/** A mouse moves what it is pressed on; a finger scrolls there, and moves by the grip. */
function byMouse(begin: () => void): (event: PointerEvent) => void {
  return (event) => {
    if (event.pointerType === 'mouse') begin();
  };
}

export function NodeBox({
  name,
  task,
  group,
  box,
  moving,
  ...shared
}: Shared & { name: string; task: string; group: string | null; box: Box; moving: boolean }) {
  const { readOnly } = useEditing();
  const { faults, chosen, button } = useChoice({ kind: 'node', name }, shared.wasDragged);
  const words = [
    `Node ${name}`,
    `task ${task || 'none'}`,
    group === null ? '' : `in the group ${group}`,
    ...faults.map((fault) => `refused: ${fault}`),
  ];
  return (
    <div
      className={classes.place}
      style={placed(box)}
      data-node={name}
      data-chosen={chosen || undefined}
      data-faulty={faults.length > 0 || undefined}
      data-under={shared.under || undefined}
      data-moving={moving || undefined}
    >
      <button
        {...button}
        className={`${graphClasses.card} ${classes.card}`}
        tabIndex={shared.stop ? 0 : -1}
        aria-label={words.filter(Boolean).join(', ')}
        title={faults.join('; ') || undefined}
        onPointerDown={(event) => {
          if (!readOnly) byMouse(() => shared.begin(event, 'move', name))(event);
        }}
      >
        <span className={graphClasses.name}>
          {faults.length > 0 && <IconAlertCircle size={14} className={classes.sign} aria-hidden />}
          {name || '?'}
        </span>
        <span className={graphClasses.sub}>{task || 'no task'}</span>
      </button>
      {!readOnly && (
        <span className={classes.grip} data-grip onPointerDown={(event) => shared.begin(event, 'move', name)}>
          <IconGripVertical size={16} aria-hidden />
        </span>
      )}
      <Handle name={name} {...shared} />
    </div>
  );
}

/** From here edges are drawn; pressed without drawing, it asks where to. */
function Handle({ name, begin, wasDragged }: Shared & { name: string }) {
  const { readOnly, ask } = useEditing();
  if (readOnly) return null;
  return (
    <button
      type="button"
      className={classes.handle}
      tabIndex={-1}
      aria-label={`Connect ${name} to…`}
      title="Draw an edge from here"
      onPointerDown={(event) => begin(event, 'connect', name)}
      onClick={() => {
        if (!wasDragged()) ask({ kind: 'connect', from: name });
      }}
    >
      <IconPlus size={13} aria-hidden />
    </button>
  );
}

export function GroupBox({ group, box, ...shared }: Shared & { group: GraphGroup; box: Box }) {
  const { readOnly } = useEditing();
  const { name, limit, nodes } = group;
  const { faults, chosen, button } = useChoice({ kind: 'group', name }, shared.wasDragged);
  const rule = limit === null ? 'all at once' : `${limit} at once`;
  return (
    <div
      className={`${graphClasses.group} ${classes.group}`}
      style={placed(box)}
      data-group={name}
      data-chosen={chosen || undefined}
      data-faulty={faults.length > 0 || undefined}
      data-under={shared.under || undefined}
    >
      <button
        {...button}
        className={`${graphClasses.title} ${classes.title}`}
        tabIndex={shared.stop ? 0 : -1}
        aria-label={[`Group ${name}`, rule, `nodes ${nodes.join(', ') || 'none'}`, ...faults].join(', ')}
        title={faults.join('; ') || undefined}
        onPointerDown={(event) => {
          if (!readOnly) byMouse(() => shared.begin(event, 'move', name))(event);
        }}
      >
        {faults.length > 0 && <IconAlertCircle size={14} className={classes.sign} aria-hidden />}
        <strong>{name}</strong>
        <span>{rule}</span>
      </button>
      {nodes.length === 0 && <span className={classes.hollow}>drop a node here</span>}
      <Handle name={name} {...shared} />
    </div>
  );
}

export function EdgeChip({
  edge,
  at,
  stop,
  wasDragged,
}: {
  edge: { from: string; to: string; on: Condition };
  at: Point;
  stop: boolean;
  wasDragged: () => boolean;
}) {
  const { faults, chosen, button } = useChoice({ kind: 'edge', ...edge }, wasDragged);
  const words = `Edge from ${edge.from} to ${edge.to}, ${conditionWords[edge.on]}`;
  return (
    <button
      {...button}
      className={`${graphClasses.edge} ${classes.chip}`}
      style={{ left: at.x, top: at.y }}
      data-on={edge.on}
      data-chosen={chosen || undefined}
      data-faulty={faults.length > 0 || undefined}
      tabIndex={stop ? 0 : -1}
      aria-label={[words, ...faults.map((fault) => `refused: ${fault}`)].join(', ')}
      title={faults.join('; ') || undefined}
    >
      {faults.length > 0 && <IconAlertCircle size={12} aria-hidden />}
      {conditionWords[edge.on]}
    </button>
  );
}

export function placed({ x, y, width, height }: Box) {
  return { left: x, top: y, width, height };
}
