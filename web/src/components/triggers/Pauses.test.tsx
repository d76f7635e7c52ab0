import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';

import type { Pause } from '../../data/schedule';
import type { Owner } from '../../data/triggers';
import { json, page, problem, showPart } from '../../testing/console';
import { aTrigger } from '../../testing/samples';
import { namePaused, PauseDialog, PauseNotice } from './Pauses';

const owner: Owner = { kind: 'task', name: 'load' };

it('calls what is paused by its name', () => {
  expect(namePaused('all')).toBe('all triggers');
  expect(namePaused({ owner, trigger: '' })).toBe('the triggers of load');
  expect(namePaused({ owner, trigger: 'hourly' })).toBe('hourly');
});

describe('the question before a pause', () => {
  it('begins in the reason, which Enter sends, and offers to take the pause back', async () => {
    const asked: unknown[] = [];
    const close = vi.fn();
    showPart(<PauseDialog what={{ owner, trigger: 'hourly' }} close={close} />, {
      'POST /tasks/load/triggers/hourly/pause': ({ body }) => {
        asked.push(body);
        return json(aTrigger());
      },
      'POST /tasks/load/triggers/hourly/resume': () => {
        asked.push('resume');
        return json(aTrigger());
      },
    });
    const why = await screen.findByRole('textbox', { name: 'Why' });
    await waitFor(() => expect(document.activeElement).toBe(why));
    await userEvent.type(why, '  the disk is full {Enter}');
    expect(await screen.findByText('Hourly is paused')).toBeTruthy();
    expect(asked).toEqual([{ reason: 'the disk is full' }]);
    expect(close).toHaveBeenCalledOnce();
    await userEvent.click(screen.getByRole('button', { name: 'Undo' }));
    await waitFor(() => expect(asked.at(-1)).toBe('resume'));
  });

  it('tells what it means for all there is', async () => {
    showPart(<PauseDialog what="all" close={vi.fn()} />);
    const dialog = await screen.findByRole('dialog', { name: 'Pause all triggers?' });
    expect(dialog.textContent).toContain('No task and no plan starts by itself until somebody resumes them.');
  });

  it('stays open where it is refused, and says why', async () => {
    const close = vi.fn();
    showPart(<PauseDialog what="all" close={close} />, {
      'POST /triggers/pause': () => problem(409, 'they are paused already'),
    });
    await userEvent.click(await screen.findByRole('button', { name: 'Pause' }));
    expect(await screen.findByText('all triggers could not be paused')).toBeTruthy();
    expect(screen.getByText('they are paused already')).toBeTruthy();
    expect(close).not.toHaveBeenCalled();
  });

  it('does nothing upon Esc', async () => {
    const close = vi.fn();
    showPart(<PauseDialog what="all" close={close} />);
    await screen.findByRole('dialog');
    await userEvent.keyboard('{Escape}');
    expect(close).toHaveBeenCalledOnce();
    expect(fetch).not.toHaveBeenCalled();
  });
});

const pause: Pause = {
  level: 'owner',
  kind: 'task',
  owner: 'load',
  trigger: '',
  by: 'ops',
  reason: 'the database moves',
  at: new Date('2026-01-31T08:00:00Z'),
};

describe('the notice of a pause', () => {
  it('says who paused what and why, and resumes it', async () => {
    let resumed = 0;
    showPart(<PauseNotice pause={pause} what={{ owner, trigger: '' }} may />, {
      'POST /tasks/load/resume': () => {
        resumed++;
        return page();
      },
    });
    expect(screen.getByRole('status').textContent).toMatch(
      /^The triggers of load are paused by ops: the database moves · /,
    );
    await userEvent.click(screen.getByRole('button', { name: 'Resume the triggers of load' }));
    expect(await screen.findByText('The triggers of load are resumed')).toBeTruthy();
    expect(resumed).toBe(1);
  });

  it('offers nothing to who may not resume it', () => {
    showPart(<PauseNotice pause={pause} what={{ owner, trigger: '' }} may={false} />);
    expect(screen.queryByRole('button')).toBeNull();
  });
});
