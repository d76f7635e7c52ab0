import { Button, Menu, TextInput } from '@mantine/core';
import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { StrictMode, useState } from 'react';
import type { ReactNode } from 'react';
import { describe, expect, it } from 'vitest';

import { showPart } from '../testing/console';
import { Dialog, SideDialog } from './Dialog';
import { LateMenu } from './LateMenu';

/** A page with a button and a menu that open a dialog, which is made when it is opened or stands closed before. */
function Place({ kept = false, children }: { kept?: boolean; children?: ReactNode }) {
  const [opened, setOpened] = useState(false);
  const [there, setThere] = useState(true);
  const close = () => setOpened(false);
  return (
    <main id="main" tabIndex={-1}>
      {there && <Button onClick={() => setOpened(true)}>Open</Button>}
      <Menu>
        <Menu.Target>
          <Button>More</Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setOpened(true)}>Ask…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <LateMenu label="What to do">
        {() => <Menu.Item onClick={() => setOpened(true)}>Ask late…</Menu.Item>}
      </LateMenu>
      {(kept || opened) && (
        <Dialog opened={opened} onClose={close} title="Sure?">
          <TextInput label="Why" data-autofocus />
          <Button
            onClick={() => {
              setThere(false);
              close();
            }}
          >
            Remove it
          </Button>
          {children}
        </Dialog>
      )}
    </main>
  );
}

const has = (name: string) =>
  waitFor(() => expect(document.activeElement).toBe(screen.getByRole('button', { name })));

async function openedBy(...names: string[]) {
  const user = userEvent.setup();
  for (const name of names) {
    const target = await screen.findByText((_, element) =>
      [element?.getAttribute('aria-label'), element?.textContent].includes(name) && element?.matches('button')
        ? true
        : false,
    );
    await user.click(target);
  }
  await screen.findByRole('dialog', { name: 'Sure?' });
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText('Why')));
  return user;
}

describe.each([
  { made: 'made when it is opened', kept: false },
  { made: 'made before', kept: true },
])('a dialog that is $made', ({ kept }) => {
  it.each([
    { opener: 'a button', by: ['Open'] },
    { opener: 'a menu', by: ['More', 'Ask…'] },
    { opener: 'a menu that is made late', by: ['What to do', 'Ask late…'] },
  ])('gives the focus back to $opener when Esc closes it, each time', async ({ by }) => {
    showPart(
      <StrictMode>
        <Place kept={kept} />
      </StrictMode>,
    );
    for (let time = 1; time <= 2; time++) {
      const user = await openedBy(...by);
      await user.keyboard('{Escape}');
      await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
      await has(by[0] as string);
    }
  });

  it('gives it to the page where what opened it is gone', async () => {
    showPart(<Place kept={kept} />);
    const user = await openedBy('Open');
    await user.click(screen.getByRole('button', { name: 'Remove it' }));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('main')));
  });
});

it('gives it back by keyboard alone', async () => {
  showPart(<Place />);
  const user = userEvent.setup();
  screen.getByRole('button', { name: 'More' }).focus();
  await user.keyboard('{Enter}');
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('menuitem', { name: 'Ask…' })));
  await user.keyboard('{Enter}');
  await waitFor(() => expect(document.activeElement).toBe(screen.getByLabelText('Why')));
  await user.keyboard('{Escape}');
  await has('More');
});

it('gives it to the dialog below, where one closes that was opened over another', async () => {
  showPart(
    <Place>
      <Inner />
    </Place>,
  );
  const user = await openedBy('More', 'Ask…');
  await user.click(screen.getByRole('button', { name: 'Doubt' }));
  await screen.findByRole('dialog', { name: 'Really?' });
  await user.keyboard('{Escape}');
  await has('Doubt');
  await user.keyboard('{Escape}');
  await has('More');
});

function Inner() {
  const [opened, setOpened] = useState(false);
  return (
    <>
      <Button onClick={() => setOpened(true)}>Doubt</Button>
      <SideDialog opened={opened} onClose={() => setOpened(false)} title="Really?">
        <Button>Yes</Button>
      </SideDialog>
    </>
  );
}

it('hands on where to, when another dialog opens in its place', async () => {
  function Two() {
    const [at, setAt] = useState(0);
    return (
      <>
        <Button onClick={() => setAt(1)}>Begin</Button>
        {at === 1 && (
          <Dialog opened onClose={() => setAt(0)} title="One">
            <Button onClick={() => setAt(2)}>Next</Button>
          </Dialog>
        )}
        {at === 2 && <SideDialog opened onClose={() => setAt(0)} title="Two" />}
      </>
    );
  }
  showPart(<Two />);
  const user = userEvent.setup();
  await user.click(screen.getByRole('button', { name: 'Begin' }));
  await user.click(await screen.findByRole('button', { name: 'Next' }));
  await screen.findByRole('dialog', { name: 'Two' });
  await user.keyboard('{Escape}');
  await has('Begin');
});

it('leaves the focus to who has gone on to something else', async () => {
  showPart(<Place kept />);
  const user = await openedBy('Open');
  await user.keyboard('{Escape}');
  act(() => screen.getByRole('button', { name: 'More' }).focus());
  await new Promise((resolve) => setTimeout(resolve));
  await has('More');
});
