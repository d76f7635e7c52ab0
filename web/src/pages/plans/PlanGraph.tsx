import { useMemo } from 'react';
import type { ReactNode } from 'react';

import type { Condition, Graph } from '../../data/plans';
import classes from './PlanGraph.module.css';
import { layOut, pathOf } from './layout';
import type { Box, Layout } from './layout';

/** What is written at an edge. */
export const conditionWords: Record<Condition, string> = { ok: 'on ok', error: 'on error', after: 'after' };

interface Props {
  graph: Graph;
  /** Names it for who cannot see it. */
  label: string;
  /** What stands in the box of a node. */
  node: (name: string, task: string) => ReactNode;
  /** What stands in the corner of a group's box. */
  group?: (name: string) => ReactNode;
  /** Of a plan run: what became of an edge, by its place in the plan. */
  edgeState?: (index: number) => string | undefined;
}

/** A plan as a graph: layers from left to right, lines with their conditions, groups as frames around their nodes. */
export function PlanGraph({ graph, label, node, group, edgeState }: Props) {
  const layout = useMemo(() => layOut(graph), [graph]);
  return (
    <div className={classes.scroll} tabIndex={0} role="group" aria-label={label}>
      <div className={classes.graph} style={{ width: layout.width, height: layout.height }}>
        {graph.groups.map(({ name, limit }) => {
          const box = layout.groups.get(name);
          return (
            box && (
              <div key={name} className={classes.group} style={at(box)}>
                <div className={classes.title}>
                  <strong>{name}</strong>
                  <span>{limit === null ? 'all at once' : `${limit} at once`}</span>
                  {group?.(name)}
                </div>
              </div>
            )
          );
        })}
        <Lines graph={graph} layout={layout} {...(edgeState ? { edgeState } : {})} />
        {graph.nodes.map(({ name, task }) => {
          const box = layout.nodes.get(name);
          return (
            box && (
              <div key={name} className={classes.place} style={at(box)}>
                {node(name, task)}
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}

function at({ x, y, width, height }: Box) {
  return { left: x, top: y, width, height };
}

function Lines({
  graph,
  layout,
  edgeState,
}: {
  graph: Graph;
  layout: Layout;
  edgeState?: (index: number) => string | undefined;
}) {
  return (
    <svg className={classes.lines} width={layout.width} height={layout.height} role="img" aria-label="Edges">
      <defs>
        <marker
          id="plan-arrow"
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
      {graph.edges.map(({ from, to, on }, i) => {
        const line = layout.edges[i];
        const state = edgeState?.(i);
        return (
          line && (
            <g key={i} className={classes.edge} data-on={on} data-state={state}>
              <title>{`${from} → ${to}, ${conditionWords[on]}${state ? `: ${state}` : ''}`}</title>
              <path d={pathOf(line.points)} markerEnd="url(#plan-arrow)" />
              <text x={line.label.x} y={line.label.y} dy="-5" textAnchor="middle">
                {conditionWords[on]}
              </text>
            </g>
          )
        );
      })}
    </svg>
  );
}
