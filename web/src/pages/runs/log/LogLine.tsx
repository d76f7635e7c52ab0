import { instantTitle } from '../../../components/instants';
import { paint } from '../../../data/ansi';
import type { Piece } from '../../../data/ansi';
import type { Line } from '../../../data/output';
import classes from './Log.module.css';

interface Props {
  line: Line;
  times: boolean;
  wrap: boolean;
  /** Places in the text to be marked. */
  marks: readonly [number, number][];
  /** Whether it is the match that one is at. */
  current: boolean;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});

/** One line of output with its number, its time if wanted, and its colours. */
export function LogLine({ line, times, wrap, marks, current }: Props) {
  return (
    <div
      className={classes.line}
      data-stream={line.stream}
      data-wrap={wrap || undefined}
      data-current={current || undefined}
    >
      <span className={classes.number}>{line.number}</span>
      {times && (
        <time className={classes.time} dateTime={line.at.toISOString()} title={instantTitle(line.at)}>
          {clock.format(line.at)}
        </time>
      )}
      <span className={classes.text}>
        {marked(paint(line.text), marks).map((piece, i) => (
          <span
            key={i}
            className={[
              ...piece.looks.map((look) => classes[look] ?? ''),
              piece.mark ? classes.mark : '',
            ].join(' ')}
            style={{ color: piece.color, background: piece.background }}
          >
            {piece.text}
          </span>
        ))}
        {/* An empty line is as high as any other. */}
        {line.text === '' && '\u00a0'}
      </span>
    </div>
  );
}

/** Cuts pieces where marks begin and end. */
export function marked(
  pieces: readonly Piece[],
  marks: readonly [number, number][],
): (Piece & { mark: boolean })[] {
  if (marks.length === 0) return pieces.map((piece) => ({ ...piece, mark: false }));
  const out: (Piece & { mark: boolean })[] = [];
  let begin = 0;
  for (const piece of pieces) {
    const end = begin + piece.text.length;
    const cuts = marks.flatMap(([from, to]) => [from, to]).filter((at) => at > begin && at < end);
    let from = begin;
    for (const to of [...cuts, end]) {
      if (to <= from) continue;
      const at = from;
      const mark = marks.some(([first, last]) => first <= at && at < last);
      out.push({ ...piece, text: piece.text.slice(from - begin, to - begin), mark });
      from = to;
    }
    begin = end;
  }
  return out;
}
