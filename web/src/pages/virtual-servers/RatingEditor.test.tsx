import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, it } from 'vitest';

import type { RatingRule } from '../../data/virtualServers';
import { json, showPart } from '../../testing/console';
import { RatingEditor } from './RatingEditor';

const idle = { name: 'cpu_idle', min: 0.1, max: 1, weight: 10 };
const free = { name: 'memory_free', min: 0, max: 1, weight: 5 };
const presets = {
  presets: [
    { name: 'recommended', meaning: 'What serves most.', indicators: [idle, free] },
    { name: 'talend', meaning: 'As Talend rates.', indicators: [idle] },
  ],
  metrics: [
    { name: 'cpu_idle', unit: '1', meaning: 'Share of the processors that is idle.' },
    { name: 'memory_free', unit: '1', meaning: 'Share of the memory that is free.' },
  ],
};

const user = userEvent.setup();

function showRating(first: RatingRule) {
  let now = first;
  function Editor() {
    const [rating, setRating] = useState(first);
    now = rating;
    return <RatingEditor rating={rating} change={setRating} />;
  }
  showPart(<Editor />, { 'GET /rating-presets': () => json(presets) });
  return () => now;
}

const choose = async (name: string) => {
  await user.click(screen.getByRole('combobox', { name: 'Rating' }));
  await user.click(await screen.findByRole('option', { name }));
};
const table = () => within(screen.getByRole('table', { name: 'Indicators' }));

it('takes a preset, and says what it means', async () => {
  const rating = showRating({ preset: 'recommended' });
  expect(await screen.findByText('What serves most.')).toBeTruthy();
  await choose('talend');
  expect(rating()).toEqual({ preset: 'talend' });
  expect(await screen.findByText('As Talend rates.')).toBeTruthy();
  expect(screen.queryByRole('table')).toBeNull();
});

it('begins with the indicators of the preset that was chosen, each to be changed', async () => {
  const rating = showRating({ preset: 'recommended' });
  await screen.findByText('What serves most.');
  await choose('own indicators');
  expect(rating()).toEqual({ indicators: [idle, free] });
  const weight = screen.getByRole('textbox', { name: 'weight of indicator 2' });
  await user.clear(weight);
  await user.type(weight, '7');
  expect(rating()).toEqual({ indicators: [idle, { ...free, weight: 7 }] });
});

it('keeps the numbers of an indicator that is off for when it is on again', async () => {
  const rating = showRating({ indicators: [idle, free] });
  const first = await screen.findByRole('switch', { name: 'Indicator 1 counts' });
  await user.click(first);
  expect(rating()).toEqual({ indicators: [free] });
  await user.click(first);
  expect(rating()).toEqual({ indicators: [idle, free] });
});

it('adds and removes indicators, and begins again with what Talend has', async () => {
  const rating = showRating({ indicators: [free] });
  await screen.findByRole('button', { name: 'Talend defaults' });
  await user.click(screen.getByRole('button', { name: 'Add an indicator' }));
  expect(rating()).toEqual({ indicators: [free, { name: 'cpu_idle', min: 0, max: 1, weight: 1 }] });
  expect(table().getByText('Share of the processors that is idle.')).toBeTruthy();
  await user.click(screen.getByRole('button', { name: 'Remove indicator 1' }));
  expect(rating()).toEqual({ indicators: [{ name: 'cpu_idle', min: 0, max: 1, weight: 1 }] });
  await user.click(screen.getByRole('button', { name: 'Talend defaults' }));
  expect(rating()).toEqual({ indicators: [idle] });
});
