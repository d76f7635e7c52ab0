import { Menu } from '@mantine/core';
import { useMemo, useRef, useState } from 'react';

import { conditions } from '../../../data/plans';
import { layOut, pathOf, rightOf } from '../layout';
import type { Layout, Point } from '../layout';
import { conditionWords } from '../PlanGraph';
import graphClasses from '../PlanGraph.module.css';
import { arrange, placeInGroup } from './arrange';
import { EdgeChip, GroupBox, NodeBox } from './Boxes';
import classes from './Canvas.module.css';
import { useEditing } from './editing';
import { connect, putInGroup } from './edits';
import { groupOf, keyOf, samePlace } from './model';
import { Toolbar } from './Toolbar';
import { useGesture } from './useGesture';
import type { Gesture } from './useGesture';
import { useKeys } from './useKeys';

interface Joined {
  from: string;
  to: string;
  at: Point;
}

/** The graph of a plan, to be drawn in by mouse, touch and keyboard. */
export function Canvas({ withYaml, showYaml }: { withYaml: boolean; showYaml: (shown: boolean) => void }) {
  const { graph, spec, apply, ask, choose, chosen } = useEditing();
  const [moved, setMoved] = useState<ReadonlyMap<string, Point>>(new Map());
  const [zoom, setZoom] = useState(1);
  const [joined, setJoined] = useState<Joined | null>(null);
  const frame = useRef<HTMLDivElement>(null);
  const scroll = useRef<HTMLDivElement>(null);
  const laidOut = useMemo(() => layOut(graph), [graph]);
  const still = useMemo(() => arrange(graph, laidOut, moved), [graph, laidOut, moved]);

  const move = (name: string, to: Point) => setMoved((before) => new Map(before).set(name, to));
  const dropNode = ({ name, at, box, under }: Gesture) => {
    const from = groupOf(graph, name);
    const to =
      under?.kind === 'group' ? under.name : under?.kind === 'node' ? groupOf(graph, under.name) : null;
    if (to !== null) {
      const others = graph.groups.find((g) => g.name === to)?.nodes.filter((node) => node !== name) ?? [];
      const spot = placeInGroup(still, others, at.y);
      apply({ spec: putInGroup(spec, name, to, spot) }, `${name} is number ${spot + 1} in the group ${to}`);
      return;
    }
    move(name, box);
    if (from !== null) apply({ spec: putInGroup(spec, name, null) }, `${name} is in no group any more`);
  };
  const onDrop = (gesture: Gesture) => {
    const { kind, name, at, box, under } = gesture;
    if (kind === 'move') {
      if (graph.nodes.some((node) => node.name === name)) dropNode(gesture);
      else move(name, box);
    } else if (under?.kind === 'node' || under?.kind === 'group') {
      setJoined({ from: name, to: under.name, at });
    } else ask({ kind: 'add', follows: name });
  };
  const { gesture, begin, wasDragged } = useGesture({ frame, scroll, zoom, layout: still, onDrop });

  const layout = useMemo(
    () =>
      gesture?.kind === 'move'
        ? arrange(graph, laidOut, new Map(moved).set(gesture.name, gesture.box))
        : still,
    [graph, laidOut, moved, still, gesture],
  );
  const { stops, onKeyDown } = useKeys({ layout: still, frame, move });
  const target = targetOf(gesture, graph);
  const shared = { wasDragged, begin };
  return (
    <section className="panel" aria-label="Canvas">
      <Toolbar
        zoom={zoom}
        setZoom={setZoom}
        arrangeAnew={moved.size === 0 ? null : () => setMoved(new Map())}
        withYaml={withYaml}
        showYaml={showYaml}
      />
      <div className={classes.scroll} ref={scroll}>
        <div style={{ width: layout.width * zoom, height: layout.height * zoom }}>
          <div
            ref={frame}
            className={classes.graph}
            role="group"
            aria-label="Graph of the plan"
            aria-describedby="how-to-draw"
            style={{ width: layout.width, height: layout.height, transform: `scale(${zoom})` }}
            onKeyDown={onKeyDown}
          >
            {graph.groups.map((group, i) => {
              const box = layout.groups.get(group.name);
              return (
                box && (
                  <GroupBox
                    key={i}
                    group={group}
                    box={box}
                    stop={stops(`group ${group.name}`)}
                    under={target === group.name}
                    {...shared}
                  />
                )
              );
            })}
            <Lines layout={layout} gesture={gesture} />
            {graph.edges.map((edge, i) => {
              const line = layout.edges[i];
              const key = keyOf({ kind: 'edge', ...edge });
              return (
                line && (
                  <EdgeChip key={i} edge={edge} at={line.label} stop={stops(key)} wasDragged={wasDragged} />
                )
              );
            })}
            {graph.nodes.map(({ name, task }, i) => {
              const box = layout.nodes.get(name);
              return (
                box && (
                  <NodeBox
                    key={i}
                    name={name}
                    task={task}
                    group={groupOf(graph, name)}
                    box={box}
                    stop={stops(`node ${name}`)}
                    under={target === name}
                    moving={gesture?.kind === 'move' && gesture.name === name}
                    {...shared}
                  />
                )
              );
            })}
            {joined && (
              <ConditionMenu
                joined={joined}
                close={() => setJoined(null)}
                take={(on) => {
                  const said = `${joined.to} follows ${joined.from} ${conditionWords[on]}`;
                  const done = apply(connect(spec, joined.from, joined.to, on), said);
                  if (done && !chosen) choose({ kind: 'node', name: joined.from });
                }}
              />
            )}
          </div>
        </div>
      </div>
    </section>
  );
}

/** The name of what a gesture would drop into or connect with. */
function targetOf(gesture: Gesture | null, graph: Parameters<typeof groupOf>[0]): string | null {
  const under = gesture?.under;
  if (!gesture || !under || under.kind === 'edge') return null;
  if (gesture.kind === 'connect') return under.name;
  if (!graph.nodes.some(({ name }) => name === gesture.name)) return null;
  return under.kind === 'group' ? under.name : groupOf(graph, under.name);
}

function Lines({ layout, gesture }: { layout: Layout; gesture: Gesture | null }) {
  const { graph, chosen, choose, faults } = useEditing();
  const from =
    gesture?.kind === 'connect' ? (layout.nodes.get(gesture.name) ?? layout.groups.get(gesture.name)) : null;
  return (
    <svg
      className={`${graphClasses.lines} ${classes.lines}`}
      width={layout.width}
      height={layout.height}
      aria-hidden
    >
      <defs>
        <marker
          id="edited-arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerUnits="userSpaceOnUse"
          markerWidth="10"
          markerHeight="10"
          orient="auto"
        >
          <path d="M0 0.5L8 4L0 7.5z" fill="context-stroke" />
        </marker>
      </defs>
      {graph.edges.map((edge, i) => {
        const line = layout.edges[i];
        const place = { kind: 'edge' as const, ...edge };
        if (!line) return null;
        const path = pathOf(line.points);
        return (
          <g
            key={i}
            className={graphClasses.edge}
            data-on={edge.on}
            data-chosen={samePlace(chosen, place) || undefined}
            data-faulty={faults.has(keyOf(place)) || undefined}
          >
            <path d={path} markerEnd="url(#edited-arrow)" />
            <path d={path} className={classes.hit} onClick={() => choose(place)} />
          </g>
        );
      })}
      {gesture && from && <path className={classes.drawn} d={pathOf([rightOf(from), gesture.at])} />}
    </svg>
  );
}

/** Asks when the edge is taken that was just drawn. */
function ConditionMenu({
  joined,
  close,
  take,
}: {
  joined: Joined;
  close: () => void;
  take: (on: (typeof conditions)[number]) => void;
}) {
  const { from, to, at } = joined;
  return (
    <Menu opened onClose={close} position="bottom-start" trapFocus>
      <Menu.Target>
        <span className={classes.anchor} style={{ left: at.x, top: at.y }} />
      </Menu.Target>
      <Menu.Dropdown aria-label={`When ${to} follows ${from}`}>
        <Menu.Label>
          {to} follows {from}
        </Menu.Label>
        {conditions.map((on) => (
          <Menu.Item key={on} onClick={() => take(on)}>
            {conditionWords[on]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
