import { Menu, ScrollArea } from '@mantine/core';
import { IconArrowRight, IconMinus, IconPlus, IconServer } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useContext, useId } from 'react';
import type { ReactNode } from 'react';

import { LateMenu } from '../../components/LateMenu';
import { virtualServers } from '../../data/virtualServers';
import { Selecting } from './selecting';
import type { Mover } from './useMover';

interface MoveMenuProps {
  /** The server whose menu it is. In the list of all servers those that are selected with it are moved together. */
  server: string;
  /** The group in which the menu is; null in the list of all servers. */
  from: string | null;
  move: Mover;
}

/** Does by a menu what dragging does: move, add and take out. */
export function MoveMenu({ server, from, move }: MoveMenuProps) {
  const label = from === null ? `What to do with ${server}` : `What to do with ${server} in ${from}`;
  return (
    <LateMenu label={label} width={220}>
      {() => <Entries server={server} from={from} move={move} />}
    </LateMenu>
  );
}

function Entries({ server, from, move }: MoveMenuProps) {
  const { with: withSelected } = useContext(Selecting);
  const servers = from === null ? withSelected(server) : [server];
  const groups = useQueryClient().getQueryData(virtualServers.queryKey) ?? [];
  const many = servers.length > 1 ? ` ${servers.length} servers` : '';
  const others = groups.filter(
    ({ name, members }) => name !== from && servers.some((s) => !members.includes(s)),
  );
  const entries = (icon: typeof IconPlus, leave: boolean) => {
    const Icon = icon;
    return others.map(({ name }) => (
      <Menu.Item
        key={name}
        leftSection={<Icon size={15} aria-hidden />}
        onClick={() => void move({ servers, from: leave ? from : null, to: name, position: null })}
      >
        {name}
      </Menu.Item>
    ));
  };
  return (
    <>
      <ScrollArea.Autosize mah={320}>
        {from !== null && others.length > 0 && (
          <Part label={`Move${many} to…`}>{entries(IconArrowRight, true)}</Part>
        )}
        {others.length > 0 && (
          <Part label={from === null ? `Add${many} to…` : `Also add${many} to…`}>
            {entries(IconPlus, false)}
          </Part>
        )}
        {others.length === 0 && <Menu.Label>{nowhereElse(groups.length, from, servers)}</Menu.Label>}
      </ScrollArea.Autosize>
      <Menu.Divider />
      {from !== null && (
        <Menu.Item
          leftSection={<IconMinus size={15} aria-hidden />}
          onClick={() => void move({ servers, from, to: null, position: null })}
        >
          Take out of {from}
        </Menu.Item>
      )}
      <Menu.Item
        component={Link}
        to={`/servers/${encodeURIComponent(server)}`}
        leftSection={<IconServer size={15} aria-hidden />}
      >
        Page of {server}
      </Menu.Item>
    </>
  );
}

/** Entries that one label stands above, and is said with, as two parts may have entries of the same words. */
function Part({ label, children }: { label: string; children: ReactNode }) {
  const id = useId();
  return (
    <div role="group" aria-labelledby={id}>
      <Menu.Label id={id}>{label}</Menu.Label>
      {children}
    </div>
  );
}

/** Says why servers can be added to no virtual server of so many: there is none, no other one, or they are in all. */
export function nowhereElse(groups: number, from: string | null, servers: readonly string[]): string {
  if (groups === 0) return 'There is no virtual server yet';
  if (groups === 1 && from !== null) return 'There is no other virtual server';
  const [one] = servers;
  return servers.length === 1 ? `${one} is in every virtual server` : 'They are in every virtual server';
}
