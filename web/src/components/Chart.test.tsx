import { screen, waitFor } from '@testing-library/react';
import uPlot from 'uplot';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { showPart } from '../testing/console';
import { Chart } from './Chart';

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
  showPart(<Chart label="Load of js-1" times={times} lines={lines} height={90} />);
  const { options, data } = await asked();
  expect(data).toEqual([
    [1, 2],
    [0.5, null],
  ]);
  expect([options.width, options.height]).toEqual([640, 90]);
  expect(screen.getByRole('img', { name: 'Load of js-1' })).toBeTruthy();
});

it('writes the values as it is told to, and a dash where there is none', async () => {
  wide(640);
  showPart(<Chart label="Load" times={times} lines={lines} format={asPercent} />);
  const { options } = await asked();
  const write = options.series[1]?.value as (plot: unknown, value: number | null) => string;
  expect(write(null, 0.5)).toBe('50 %');
  expect(write(null, null)).toBe('–');
  const ticks = options.axes?.[1]?.values as (plot: unknown, ticks: number[]) => string[];
  expect(ticks(null, [0, 1])).toEqual(['0 %', '100 %']);
});

it.each([
  ['the bound that is given', 1, 0.2, [0, 1]],
  ['a little above the largest value', undefined, 10, [0, 11]],
  ['at least one', undefined, 0.01, [0, 1]],
])('scales from nothing to %s', async (_, max, top, range) => {
  wide(640);
  showPart(<Chart label="Load" times={times} lines={lines} {...(max === undefined ? {} : { max })} />);
  const { options } = await asked();
  const scale = options.scales?.y?.range as unknown as (
    plot: unknown,
    least: number,
    most: number,
  ) => number[];
  expect(scale(null, 0, top)).toEqual(range);
});

it('lets go of the plot when it is taken away', async () => {
  wide(640);
  const { unmount } = showPart(<Chart label="Load" times={times} lines={lines} />);
  await asked();
  expect(destroy).not.toHaveBeenCalled();
  unmount();
  expect(destroy).toHaveBeenCalledTimes(1);
});
