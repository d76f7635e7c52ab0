import { ActionIcon, Menu, ScrollArea } from '@mantine/core';
import { IconArrowRight, IconDotsVertical, IconMinus, IconPlus, IconServer } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';

import type { VirtualServer } from '../../data/virtualServers';
import type { Mover } from './useMover';

interface MoveMenuProps {
  /** The server whose menu it is, and those that are moved: it alone, or all that are selected with it. */
  server: string;
  servers: string[];
  /** The group in which the menu is; null in the list of all servers. */
  from: string | null;
  groups: readonly VirtualServer[];
  move: Mover;
}

/** Does by a menu what dragging does: move, add and take out. */
export function MoveMenu({ server, servers, from, groups, move }: MoveMenuProps) {
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
    <Menu position="bottom-end" withinPortal shadow="md" width={220} keepMounted={false}>
      <Menu.Target>
        <ActionIcon
          variant="subtle"
          color="gray"
          size="sm"
          aria-label={from === null ? `What to do with ${server}` : `What to do with ${server} in ${from}`}
          onPointerDown={(event) => event.stopPropagation()}
        >
          <IconDotsVertical size={15} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <ScrollArea.Autosize mah={320}>
          {from !== null && others.length > 0 && (
            <>
              <Menu.Label>Move{many} to…</Menu.Label>
              {entries(IconArrowRight, true)}
            </>
          )}
          {others.length > 0 && (
            <>
              <Menu.Label>{from === null ? `Add${many} to…` : `Also add${many} to…`}</Menu.Label>
              {entries(IconPlus, false)}
            </>
          )}
          {others.length === 0 && <Menu.Label>There is no other virtual server</Menu.Label>}
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
      </Menu.Dropdown>
    </Menu>
  );
}
