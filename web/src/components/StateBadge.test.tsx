import { render } from '@testing-library/react';
import { expect, it } from 'vitest';

import { runStates } from '../data/states';
import { StateBadge } from './StateBadge';

it('shows each state of a run by a word and an icon of its own, and not by colour alone', () => {
  const told = runStates.map((state) => {
    const { container, unmount } = render(<StateBadge state={state} />);
    const both = [container.textContent, container.querySelector('svg')?.innerHTML ?? ''] as const;
    unmount();
    return both;
  });
  expect(new Set(told.map(([word]) => word)).size).toBe(runStates.length);
  expect(new Set(told.map(([, icon]) => icon)).size).toBe(runStates.length);
});
