import { act, screen, waitFor } from '@testing-library/react';
import { useState } from 'react';
import uPlot from 'uplot';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { showPart } from '../testing/console';
import { Chart, valuesText } from './Chart';

const destroy = vi.fn();

// A canvas draws nothing here: what it is asked to draw is looked at instead.
vi.mock('uplot', () => ({
  default: vi.fn(function Plot() {
    return { destroy };
  }),
}));

/** Says at once that what is observed is so wide. */
function wide(width: number) {
  vi.stubGlobal(
    'ResizeObserver',
    class {
      constructor(private readonly tell: (entries: unknown[]) => void) {}
      observe() {
        this.tell([{ contentRect: { width, height: 150 } }]);
      }
      unobserve() {}
      disconnect() {}
    },
  );
}

const times = [1_000, 2_000];
const lines = [{ name: 'CPU', color: 'red', values: [0.5, null] }];
const asPercent = (value: number) => `${value * 100} %`;

/** What was asked of the plot last. */
async function asked() {
  await waitFor(() => expect(uPlot).toHaveBeenCalled());
  const [options, data] = vi.mocked(uPlot).mock.lastCall ?? [];
  if (!options) throw new Error('nothing is plotted');
  return { options, data };
}

beforeEach(() => vi.clearAllMocks());
afterEach(() => vi.unstubAllGlobals());

it('draws the lines over time in seconds, as wide as there is room, and says what it shows', async () => {
  wide(640);
  showPart(<Chart title="Load" label="Load of js-1" times={times} lines={lines} height={90} />);
  const { options, data } = await asked();
  expect(data).toEqual([
    [1, 2],
    [0.5, null],
  ]);
  expect([options.width, options.height]).toEqual([640, 90]);
  expect(screen.getByRole('img', { name: 'Load of js-1' })).toBeTruthy();
});

it('writes the scale as it is told to, and marks its ends and the middle', async () => {
  wide(640);
  showPart(<Chart title="Load" label="Load" times={times} lines={lines} format={asPercent} max={1} />);
  const { options } = await asked();
  const axis = options.axes?.[1];
  const splits = (axis?.splits as () => number[])();
  expect(splits).toEqual([0, 0.5, 1]);
  expect((axis?.values as (plot: unknown, at: number[]) => string[])(null, splits)).toEqual([
    '0 %',
    '50 %',
    '100 %',
  ]);
});

/** Moves the pointer of a plot to a point; away from it for null. */
function pointAt(options: uPlot.Options, idx: number | null) {
  const [moved] = options.hooks?.setCursor ?? [];
  act(() => moved?.({ cursor: { idx, left: idx === null ? -10 : 40, top: 5 } } as unknown as uPlot));
}

it('tells the value under the pointer with its time in UTC too, and the last and the most again when it has left', async () => {
  wide(640);
  showPart(<Chart title="Load" label="Load" times={times} lines={lines} format={asPercent} />);
  const { options } = await asked();
  expect(screen.getByText('last 50 % · most 50 %')).toBeTruthy();
  pointAt(options, 0);
  expect(screen.getByText(/UTC · 50 %$/)).toBeTruthy();
  pointAt(options, 1);
  expect(screen.getByText(/UTC · –$/)).toBeTruthy();
  pointAt(options, null);
  expect(screen.getByText('last 50 % · most 50 %')).toBeTruthy();
});

it('keeps what the pointer is on when new values come', async () => {
  wide(640);
  function Growing() {
    const [shown, setShown] = useState(times);
    return (
      <>
        <Chart title="Load" label="Load" times={shown} lines={lines} />
        <button type="button" onClick={() => setShown([...times, 3_000])}>
          more
        </button>
      </>
    );
  }
  showPart(<Growing />);
  pointAt((await asked()).options, 0);
  act(() => screen.getByRole('button', { name: 'more' }).click());
  const setCursor = vi.fn();
  const { options } = await asked();
  options.hooks?.ready?.[0]?.({ setCursor } as unknown as uPlot);
  expect(setCursor).toHaveBeenCalledWith({ left: 40, top: 5 });
});

it('names the lines where there are several', () => {
  const both = [...lines, { name: 'memory', color: 'blue', values: [null, null] }];
  expect(valuesText(times, both, null, asPercent)).toBe('CPU last 50 % · most 50 % · memory –');
  expect(valuesText(times, both, 0, asPercent)).toMatch(/ · CPU 50 % · memory –$/);
});

it.each([
  ['the bound that is given', 1, 0.2, [0, 1]],
  ['a little above the largest value', undefined, 10, [0, 11]],
  ['at least one', undefined, 0.01, [0, 1]],
])('scales from nothing to %s', async (_, max, top, range) => {
  wide(640);
  showPart(
    <Chart title="Load" label="Load" times={times} lines={lines} {...(max === undefined ? {} : { max })} />,
  );
  const { options } = await asked();
  const scale = options.scales?.y?.range as unknown as (
    plot: unknown,
    least: number,
    most: number,
  ) => number[];
  expect(scale(null, 0, top)).toEqual(range);
});

it('shows a value that is alone as a point within a minute, and more as a line from the first to the last', async () => {
  wide(640);
  const one = [{ name: 'CPU', color: 'red', values: [0.5] }];
  showPart(<Chart title="Load" label="Load" times={[60_000]} lines={one} />);
  const { options } = await asked();
  const range = options.scales?.x?.range as unknown as (plot: unknown, from: number, to: number) => number[];
  expect(range(null, 60, 60)).toEqual([30, 90]);
  expect(range(null, 60, 180)).toEqual([60, 180]);
  expect(options.series[1]?.points?.show).toBe(true);
});

it('lets go of the plot when it is taken away', async () => {
  wide(640);
  const { unmount } = showPart(<Chart title="Load" label="Load" times={times} lines={lines} />);
  await asked();
  expect(destroy).not.toHaveBeenCalled();
  unmount();
  expect(destroy).toHaveBeenCalledTimes(1);
});
