import { Button, Checkbox, Group, Text, TextInput } from '@mantine/core';
import { useDraggable, useDroppable } from '@dnd-kit/react';
import { IconSearch } from '@tabler/icons-react';
import { memo, useContext } from 'react';
import { Link } from '@tanstack/react-router';
import { Virtuoso } from 'react-virtuoso';

import { Empty } from '../../components/Answer';
import { Stars } from '../../components/Stars';
import { StateBadge } from '../../components/StateBadge';
import { Trend } from '../../components/Trend';
import { useFilter } from '../../components/useFilter';
import { useMay } from '../../data/permissions';
import type { Server } from '../../data/servers';
import { outside, useCarry } from './carry';
import { Ghost } from './Ghost';
import { Handle } from './Handle';
import { MoveMenu } from './MoveMenu';
import { namesOf } from './moves';
import { Selecting } from './selecting';
import type { Mover } from './useMover';
import { moveOf } from './useKeyboardCarry';
import type { KeyHandler } from './useKeyboardCarry';
import classes from './VirtualServers.module.css';

/** As VirtualServers.module.css has it, its border included. */
const rowHeight = 54;

interface ServerPaneProps {
  servers: Server[];
  move: Mover;
  onKey: KeyHandler;
}

/** All job servers, to be dragged from; and the place to drop those that leave a group. */
export const ServerPane = memo(function ServerPane({ servers, move, onKey }: ServerPaneProps) {
  const [filter, setFilter] = useFilter('server');
  const selection = useContext(Selecting);
  const { ref } = useDroppable({ id: outside });
  const leaving = useCarry((carried) =>
    carried?.over?.group === outside && carried.from !== null ? carried : null,
  );
  const shown = servers.filter((server) => matches(server, filter));
  const online = servers.filter(({ state }) => state === 'online').length;
  const leave = leaving && moveOf(leaving);
  return (
    <section
      ref={ref}
      className={`panel ${classes.pane}`}
      aria-label="Job servers"
      data-drop={outside}
      data-over={leaving ? true : undefined}
    >
      <Group px="sm" pt="sm" pb="xs" gap="xs" wrap="nowrap">
        <TextInput
          flex={1}
          size="xs"
          placeholder="Name, label or state"
          aria-label="Filter the job servers"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
        />
        <Text size="xs" c="dimmed" className="number">
          {online} of {servers.length} online
        </Text>
      </Group>
      {selection.selected.size > 0 && (
        <Group px="sm" pb="xs" justify="space-between">
          <Text size="xs">{namesOf([...selection.selected])} selected</Text>
          <Button size="compact-xs" variant="subtle" onClick={selection.clear}>
            Select none
          </Button>
        </Group>
      )}
      {leave && (
        <div style={{ padding: '0 12px 8px' }}>
          <Ghost move={leave} />
        </div>
      )}
      <div className={classes.list}>
        {shown.length === 0 ? (
          <Empty>
            {servers.length > 0 ? (
              'No job server matches.'
            ) : (
              <>
                No job server has joined yet: <Link to="/servers">add one</Link>.
              </>
            )}
          </Empty>
        ) : (
          <Virtuoso
            data={shown}
            computeItemKey={(_, server) => server.name}
            increaseViewportBy={200}
            fixedItemHeight={rowHeight}
            itemContent={(_, server) => <ServerRow server={server} move={move} onKey={onKey} />}
          />
        )}
      </div>
    </section>
  );
});

/** Whether a server is meant by what was typed: its name, its state, or one of its labels as "key" or "key=value". */
export function matches({ name, state, labels }: Server, typed: string): boolean {
  const wanted = typed.trim().toLowerCase();
  const words = [name, state, ...Object.entries(labels).map(([key, value]) => `${key}=${value}`)];
  return words.some((word) => word.toLowerCase().includes(wanted));
}

const ServerRow = memo(function ServerRow({
  server,
  move,
  onKey,
}: Omit<ServerPaneProps, 'servers'> & { server: Server }) {
  const { name } = server;
  const may = useMay()('virtual-server.group');
  const { selected, toggle, with: withSelected } = useContext(Selecting);
  const { ref } = useDraggable({ id: `server/${name}`, data: { server: name, from: null }, disabled: !may });
  const carried = useCarry((all) => all?.servers.includes(name) ?? false);
  return (
    <div
      ref={ref}
      className={classes.row}
      data-server={name}
      data-selected={selected.has(name) || undefined}
      data-carried={carried || undefined}
    >
      <Checkbox
        size="xs"
        aria-label={`Select ${name}`}
        checked={selected.has(name)}
        onChange={() => toggle(name)}
        onPointerDown={(event) => event.stopPropagation()}
      />
      {may ? <Handle name={name} onKey={(event) => onKey(event, withSelected(name), null)} /> : <span />}
      <div style={{ minWidth: 0 }}>
        <div className={classes.name}>{name}</div>
        {server.state === 'online' ? (
          <Stars rating={server.rating} small />
        ) : (
          <StateBadge state={server.state} />
        )}
      </div>
      <span className={classes.load}>
        <Trend server={server} of="cpu" width={44} />
        <span className={`${classes.slots} number`} title="Slots in use">
          {server.slotsUsed}/{server.slots}
        </span>
      </span>
      {may && <MoveMenu server={name} from={null} move={move} />}
    </div>
  );
});
