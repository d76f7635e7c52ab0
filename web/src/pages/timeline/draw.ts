// Draws a timeline on a canvas: only what is seen of it, so that ten thousand bars stay smooth.

import { toneColor, states } from '../../components/states';
import type { Tone } from '../../components/states';
import { endOf, lanePadding, rowGap, rowHeight, visible } from './layout';
import type { Bar, Layout } from './layout';
import { ticks } from '../../components/ticks';

export interface View {
  from: number;
  to: number;
  /** Of the canvas, in CSS pixels. */
  width: number;
  height: number;
  /** How far the lanes are scrolled. */
  top: number;
  now: number;
}

export interface Colors {
  tone: Record<Tone, string>;
  accent: string;
  panel: string;
  stripe: string;
  line: string;
  strong: string;
  quiet: string;
  text: string;
  font: string;
}

const tones: readonly Tone[] = ['ok', 'run', 'warn', 'bad', 'idle', 'held'];

/** Reads the colours of the present scheme. */
export function colorsOf(element: Element): Colors {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    tone: Object.fromEntries(tones.map((tone) => [tone, of(toneColor(tone).slice(4, -1))])) as Record<
      Tone,
      string
    >,
    accent: of('--mantine-primary-color-filled'),
    panel: of('--panel'),
    stripe: of('--stripe'),
    line: of('--line'),
    strong: of('--line-strong'),
    quiet: of('--quiet'),
    text: style.color,
    font: style.fontFamily,
  };
}

export const axisHeight = 26;

/** Draws all that is seen; the lanes begin below the axis. */
export function draw(
  canvas: CanvasRenderingContext2D,
  layout: Layout,
  view: View,
  colors: Colors,
  marked: Bar | null,
  label: (bar: Bar) => string,
): void {
  const x = (at: number) => ((at - view.from) / (view.to - view.from)) * view.width;
  canvas.clearRect(0, 0, view.width, view.height);
  canvas.save();
  canvas.beginPath();
  canvas.rect(0, axisHeight, view.width, view.height - axisHeight);
  canvas.clip();
  drawLanes(canvas, layout, view, colors);
  drawTicks(canvas, view, colors, x, false);
  canvas.font = `11px ${colors.font}`;
  canvas.textBaseline = 'middle';
  for (const lane of layout.lanes) {
    const top = lane.top - view.top + axisHeight;
    if (top > view.height || top + lane.height < axisHeight) continue;
    lane.rows.forEach((row, i) => {
      const y = top + lanePadding + i * (rowHeight + rowGap);
      if (y > view.height || y + rowHeight < axisHeight) return;
      drawRow(canvas, row, y, view, colors, x, marked, label);
    });
  }
  drawNow(canvas, view, colors, x);
  canvas.restore();
  drawTicks(canvas, view, colors, x, true);
}

function drawLanes(canvas: CanvasRenderingContext2D, layout: Layout, view: View, colors: Colors) {
  layout.lanes.forEach((lane, i) => {
    const top = lane.top - view.top + axisHeight;
    if (top > view.height || top + lane.height < axisHeight) return;
    if (i % 2 === 1) {
      canvas.fillStyle = colors.stripe;
      canvas.fillRect(0, top, view.width, lane.height);
    }
  });
  // What is to come lies on a ground of its own.
  const future = ((view.now - view.from) / (view.to - view.from)) * view.width;
  if (future < view.width) {
    canvas.fillStyle = colors.stripe;
    canvas.fillRect(Math.max(0, future), axisHeight, view.width, view.height);
  }
}

function drawTicks(
  canvas: CanvasRenderingContext2D,
  view: View,
  colors: Colors,
  x: (at: number) => number,
  labels: boolean,
) {
  for (const tick of ticks(view.from, view.to, Math.max(2, view.width / 95))) {
    const at = Math.round(x(tick.at)) + 0.5;
    if (!labels) {
      canvas.strokeStyle = tick.strong ? colors.strong : colors.line;
      canvas.beginPath();
      canvas.moveTo(at, axisHeight);
      canvas.lineTo(at, view.height);
      canvas.stroke();
      continue;
    }
    canvas.font = `${tick.strong ? '600 ' : ''}11px ${colors.font}`;
    canvas.fillStyle = tick.strong ? colors.text : colors.quiet;
    canvas.textBaseline = 'middle';
    canvas.textAlign = 'center';
    // Half a label at the end tells nothing.
    const half = canvas.measureText(tick.label).width / 2;
    if (at - half >= 0 && at + half <= view.width) canvas.fillText(tick.label, at, axisHeight / 2);
    canvas.textAlign = 'start';
  }
}

function drawNow(canvas: CanvasRenderingContext2D, view: View, colors: Colors, x: (at: number) => number) {
  const at = x(view.now);
  if (at < 0 || at > view.width) return;
  canvas.fillStyle = colors.accent;
  canvas.fillRect(Math.round(at) - 1, axisHeight, 2, view.height);
}

const leastWidth = 2;
/** A bar has a label where it is at least so wide. */
const labelWidth = 46;

function drawRow(
  canvas: CanvasRenderingContext2D,
  row: readonly Bar[],
  y: number,
  view: View,
  colors: Colors,
  x: (at: number) => number,
  marked: Bar | null,
  label: (bar: Bar) => string,
) {
  let drawnTo = -1;
  let drawnTone = '';
  for (const bar of visible(row, view.from, view.to, view.now)) {
    const left = Math.max(-4, x(bar.from));
    const right = Math.min(view.width + 4, Math.max(left + leastWidth, x(endOf(bar, view.now))));
    const color = bar.state === 'forecast' ? colors.quiet : colors.tone[states[bar.state].tone];
    // Of bars that fall on one pixel one is enough, unless it looks different.
    if (right - left <= leastWidth && right <= drawnTo && color === drawnTone && bar !== marked) continue;
    drawnTo = right;
    drawnTone = color;
    drawBar(canvas, bar, left, right, y, color, colors);
    if (bar === marked) {
      canvas.strokeStyle = colors.text;
      canvas.lineWidth = 2;
      canvas.strokeRect(left - 2, y - 2, right - left + 4, rowHeight + 4);
      canvas.lineWidth = 1;
    }
    if (right - left >= labelWidth && bar.state !== 'forecast') {
      writeLabel(canvas, label(bar), Math.max(0, left), right, y, colors.panel);
    }
  }
}

/** Colours are never alone: what went wrong has a notch, what is unknown a dashed edge, what is to come is hollow. */
function drawBar(
  canvas: CanvasRenderingContext2D,
  bar: Bar,
  left: number,
  right: number,
  y: number,
  color: string,
  colors: Colors,
) {
  const width = right - left;
  if (bar.state === 'forecast') {
    canvas.strokeStyle = color;
    canvas.beginPath();
    const [cx, cy, r] = [left, y + rowHeight / 2, 5];
    canvas.moveTo(cx, cy - r);
    canvas.lineTo(cx + r, cy);
    canvas.lineTo(cx, cy + r);
    canvas.lineTo(cx - r, cy);
    canvas.closePath();
    canvas.stroke();
    return;
  }
  canvas.fillStyle = color;
  if (width > 6) {
    canvas.beginPath();
    canvas.roundRect(left, y, width, rowHeight, bar.to === null ? [3, 0, 0, 3] : 3);
    canvas.fill();
  } else {
    canvas.fillRect(left, y, width, rowHeight);
  }
  const { tone } = states[bar.state];
  if (tone === 'bad' && width > 5) {
    canvas.fillStyle = colors.panel;
    canvas.beginPath();
    canvas.moveTo(right - Math.min(8, width / 2), y);
    canvas.lineTo(right, y);
    canvas.lineTo(right, y + Math.min(8, width / 2));
    canvas.fill();
  }
  if (tone === 'warn' && width > 5) {
    canvas.save();
    canvas.setLineDash([4, 3]);
    canvas.strokeStyle = colors.panel;
    canvas.lineWidth = 2;
    canvas.strokeRect(left + 2, y + 2, width - 4, rowHeight - 4);
    canvas.restore();
  }
}

const widths = new Map<string, number>();

function writeLabel(
  canvas: CanvasRenderingContext2D,
  text: string,
  left: number,
  right: number,
  y: number,
  color: string,
) {
  let shown = text;
  const room = right - left - 12;
  let width = widths.get(text);
  if (width === undefined) {
    if (widths.size > 5000) widths.clear();
    widths.set(text, (width = canvas.measureText(text).width));
  }
  if (width > room) {
    const letters = Math.floor((text.length * room) / width) - 1;
    if (letters < 3) return;
    shown = `${text.slice(0, letters)}…`;
  }
  canvas.fillStyle = color;
  canvas.fillText(shown, left + 6, y + rowHeight / 2 + 0.5);
}
