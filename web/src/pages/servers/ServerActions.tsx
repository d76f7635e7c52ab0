import { Menu } from '@mantine/core';
import {
  IconBan,
  IconPencil,
  IconPlayerPlay,
  IconSkull,
  IconTransferOut,
  IconTrash,
} from '@tabler/icons-react';
import { useState } from 'react';

import { useOpened } from '../../components/document/useDraft';
import { LateMenu } from '../../components/LateMenu';
import { useLate } from '../../components/useLate';
import { useMay } from '../../data/permissions';
import type { Mode, Server } from '../../data/servers';
import { DeadDialog } from './DeadDialog';
import { ModeDialog } from './ModeDialog';
import { RemoveDialog } from './RemoveDialog';
import { SettingsDialog, wordOf } from './SettingsDialog';

type Asked = Mode | 'dead' | 'settings' | 'remove';

/** What can be done with a server, as far as one may and as its state allows. */
export function ServerActions({ server }: { server: Server }) {
  const may = useMay();
  const [kept] = useOpened<Server>(wordOf(server));
  const [asked, setAsked] = useState<Asked | null>(kept ? 'settings' : null);
  const { made, opened } = useLate(asked !== null);
  const close = () => setAsked(null);
  const mode = asked === 'active' || asked === 'draining' || asked === 'disabled' ? asked : null;
  return (
    <>
      <LateMenu label={`What to do with ${server.name}`}>
        {() => (
          <>
            {may('server.mode') && server.mode !== 'active' && (
              <Menu.Item
                leftSection={<IconPlayerPlay size={15} aria-hidden />}
                onClick={() => setAsked('active')}
              >
                Activate
              </Menu.Item>
            )}
            {may('server.mode') && server.mode !== 'draining' && (
              <Menu.Item
                leftSection={<IconTransferOut size={15} aria-hidden />}
                onClick={() => setAsked('draining')}
              >
                Drain…
              </Menu.Item>
            )}
            {may('server.mode') && server.mode !== 'disabled' && (
              <Menu.Item leftSection={<IconBan size={15} aria-hidden />} onClick={() => setAsked('disabled')}>
                Disable…
              </Menu.Item>
            )}
            {may('server.edit') && (
              <Menu.Item
                leftSection={<IconPencil size={15} aria-hidden />}
                onClick={() => setAsked('settings')}
              >
                Settings…
              </Menu.Item>
            )}
            <Menu.Divider />
            {may('server.declare-dead') && server.state !== 'online' && (
              <Menu.Item
                color="var(--tone-bad)"
                leftSection={<IconSkull size={15} aria-hidden />}
                onClick={() => setAsked('dead')}
              >
                Declare dead…
              </Menu.Item>
            )}
            {may('server.delete') && (
              <Menu.Item
                color="var(--tone-bad)"
                leftSection={<IconTrash size={15} aria-hidden />}
                onClick={() => setAsked('remove')}
              >
                Remove from the fleet…
              </Menu.Item>
            )}
          </>
        )}
      </LateMenu>
      {made && (
        <>
          <ModeDialog server={server} mode={opened ? mode : null} close={close} />
          <DeadDialog server={server} opened={opened && asked === 'dead'} close={close} />
          <RemoveDialog server={server} opened={opened && asked === 'remove'} close={close} />
          <SettingsDialog server={server} opened={opened && asked === 'settings'} close={close} />
        </>
      )}
    </>
  );
}
