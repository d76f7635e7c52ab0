import { Text } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';

import { Glow } from '../../components/Glow';
import { bothText, Elapsed, Instant, useNow } from '../../components/instants';
import { StateBadge } from '../../components/StateBadge';
import { colorOf, states } from '../../components/states';
import type { Run } from '../../data/runs';
import { ticks } from '../../components/ticks';
import { drawAttempts } from './attempts';
import type { AttemptBar, AttemptDrawing } from './attempts';
import classes from './AttemptTimeline.module.css';

const rowHeight = 34;
const axisHeight = 22;
const barHeight = 12;

interface Props {
  run: Run;
  /** Number of the attempt that the rest of the page is about. */
  shown: number;
  show: (number: number) => void;
}

/** Shows the attempts of a run over time, by server, with their checkpoints and what each took over. */
export function AttemptTimeline({ run, shown, show }: Props) {
  const open = run.attempts.some((a) => a.endedAt === null);
  const now = useNow(open);
  const drawing = drawAttempts(
    run.attempts.map((a) => ({
      number: a.number,
      server: a.server,
      state: a.state,
      from: (a.startedAt ?? a.offeredAt).getTime(),
      to: a.endedAt?.getTime() ?? null,
      resumedFrom: a.resumedFrom,
    })),
    run.checkpoints.map((c) => ({
      sequence: c.sequence,
      attempt: c.attempt,
      name: c.name,
      at: c.createdAt.getTime(),
    })),
    now,
  );
  return (
    <section className="panel" aria-label="Attempts">
      <div className={classes.plot}>
        <div className={classes.names} aria-hidden>
          {drawing.servers.map((server) => (
            <div key={server} style={{ height: rowHeight }}>
              {server}
            </div>
          ))}
        </div>
        <Plot drawing={drawing} shown={shown} show={show} />
      </div>
      <List run={run} shown={shown} show={show} />
    </section>
  );
}

/** How far a label of the axis reaches to either side, about: at the ends it keeps within the picture. */
function halfWidth(label: string): number {
  return label.length * 3.4;
}

function Plot({
  drawing,
  shown,
  show,
}: {
  drawing: AttemptDrawing;
  shown: number;
  show: (number: number) => void;
}) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  // A little room on both sides, so that marks at the ends are whole.
  const x = (share: number) => 8 + share * Math.max(0, width - 16);
  const y = (row: number) => row * rowHeight + rowHeight / 2;
  const height = drawing.servers.length * rowHeight;
  const length = drawing.to - drawing.from;
  return (
    <div ref={ref} className={classes.canvas}>
      {/* The list below says the same in words. */}
      <svg width={width} height={height + axisHeight} aria-hidden className={classes.svg}>
        {ticks(drawing.from, drawing.to, Math.max(2, width / 90)).map((tick) => {
          const at = x((tick.at - drawing.from) / length);
          const half = halfWidth(tick.label);
          return (
            <g key={tick.at}>
              <line x1={at} x2={at} y1={0} y2={height} className={classes.tick} />
              <text
                x={Math.max(half, Math.min(width - half, at))}
                y={height + 15}
                className={classes.label}
                textAnchor="middle"
              >
                {tick.label}
              </text>
            </g>
          );
        })}
        {drawing.links.map((link, i) => {
          const [x1, y1, x2, y2] = [x(link.from.x), y(link.from.row), x(link.to.x), y(link.to.row)];
          return (
            <path
              key={i}
              className={classes.link}
              data-checkpoint={link.checkpoint ?? undefined}
              d={`M ${x1} ${y1} C ${x1} ${(y1 + y2) / 2}, ${x2} ${(y1 + y2) / 2}, ${x2} ${y2}`}
            />
          );
        })}
        {drawing.bars.map((bar) => (
          <rect
            key={bar.attempt}
            x={x(bar.left)}
            y={y(bar.row) - barHeight / 2}
            width={Math.max(3, x(bar.right) - x(bar.left))}
            height={barHeight}
            rx={bar.open ? 3 : 5}
            fill={colorOf(bar.state)}
            className={classes.bar}
            data-shown={bar.attempt === shown || undefined}
            onClick={() => show(bar.attempt)}
          >
            <title>{barTitle(bar)}</title>
          </rect>
        ))}
        {drawing.bars
          .filter((bar) => bar.state === 'unavailable' || bar.state === 'lost')
          .map((bar) => (
            <path
              key={bar.attempt}
              className={classes.cross}
              stroke={colorOf(bar.state)}
              transform={`translate(${x(bar.right)} ${y(bar.row)})`}
              d="M -5 -5 L 5 5 M 5 -5 L -5 5"
            />
          ))}
        {drawing.marks.map((mark) => (
          <circle key={mark.sequence} cx={x(mark.x)} cy={y(mark.row)} r={4.5} className={classes.mark}>
            <title>{`checkpoint ${mark.sequence}: ${mark.name}\n${bothText(new Date(mark.at))}`}</title>
          </circle>
        ))}
      </svg>
    </div>
  );
}

function barTitle(bar: AttemptBar): string {
  const end = bar.to === null ? '' : `\nto ${bothText(new Date(bar.to))}`;
  return `attempt ${bar.attempt}: ${states[bar.state].word}\nfrom ${bothText(new Date(bar.from))}${end}`;
}

function List({ run, shown, show }: Props) {
  return (
    <div className={classes.list}>
      {run.attempts.map((a) => (
        <button
          key={a.number}
          type="button"
          className={classes.attempt}
          aria-pressed={a.number === shown}
          onClick={() => show(a.number)}
        >
          <span className={classes.number}>{a.number}</span>
          <span>
            <strong>{a.server}</strong>
          </span>
          <Glow of={a.state}>
            <StateBadge state={a.state} />
          </Glow>
          <Text component="span" size="sm" c="dimmed">
            <Instant at={a.startedAt ?? a.offeredAt} within /> · <Elapsed from={a.startedAt} to={a.endedAt} />
          </Text>
          <Text component="span" size="sm" c="dimmed" className={classes.why}>
            {whyOf(a, run)}
          </Text>
        </button>
      ))}
    </div>
  );
}

/** Says in a few words why an attempt began, what it took over, and why it is as it is. */
export function whyOf(a: Run['attempts'][number], run: Pick<Run, 'checkpoints'>): string {
  const from = run.checkpoints.find((c) => c.sequence === a.resumedFrom);
  const taken =
    a.resumedFrom === null
      ? ''
      : `from checkpoint ${a.resumedFrom}${from ? ` “${from.name}” (${bothText(from.createdAt)})` : ''}`;
  const began = a.ground === null ? '' : `began because: ${a.ground}`;
  const exit = a.exit && a.exit.detail !== '' && !a.reason.includes(a.exit.detail) ? a.exit.detail : '';
  return [taken, began, a.reason, exit].filter((part) => part !== '').join(' · ');
}
