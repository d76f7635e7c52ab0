import { Button, MultiSelect, SegmentedControl, Text, TextInput } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconLayoutGrid, IconPlus, IconSearch, IconTable } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { Answer, Empty } from '../../components/Answer';
import { Page } from '../../components/Page';
import { states } from '../../components/states';
import { useFilter, useFilters } from '../../components/useFilter';
import { useMay } from '../../data/permissions';
import { servers as serversQuery } from '../../data/servers';
import type { Server } from '../../data/servers';
import { serverStates } from '../../data/states';
import { AddServer } from './AddServer';
import { labelWords } from './SettingsDialog';
import { ServerCards } from './ServerCards';
import { ServerTable } from './ServerTable';

/** All job servers: how they are, how they are rated and what can be done with them. */
export function Servers() {
  const query = useQuery(serversQuery);
  const may = useMay();
  const [text, setText] = useFilter('q');
  const [wanted, setWanted] = useFilters('state');
  // A table has no room on a phone.
  const small = useMediaQuery('(max-width: 48em)', false, { getInitialValueInEffect: false });
  const [view, setView] = useFilter('view', small ? 'cards' : 'table');
  const [adding, setAdding] = useState(false);
  return (
    <Page
      title="Servers"
      about={query.data && summary(query.data)}
      actions={
        <>
          <TextInput
            size="xs"
            placeholder="Name, label or version"
            aria-label="Filter the servers"
            leftSection={<IconSearch size={14} aria-hidden />}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <MultiSelect
            size="xs"
            placeholder={wanted.length === 0 ? 'Any state' : ''}
            aria-label="States"
            data={serverStates.map((value) => ({ value, label: states[value].word }))}
            value={wanted}
            onChange={setWanted}
            clearable
            w={wanted.length > 1 ? 240 : 150}
          />
          <SegmentedControl
            size="xs"
            aria-label="View"
            value={view}
            onChange={setView}
            data={[
              { value: 'table', label: <IconTable size={15} role="img" aria-label="Table" /> },
              { value: 'cards', label: <IconLayoutGrid size={15} role="img" aria-label="Cards" /> },
            ]}
          />
          {may('server.join') && (
            <Button
              size="xs"
              leftSection={<IconPlus size={15} aria-hidden />}
              onClick={() => setAdding(true)}
            >
              Add a server
            </Button>
          )}
        </>
      }
    >
      <Answer query={query} what="The servers">
        {(all) => {
          if (all.length === 0) return <NoServers add={() => setAdding(true)} />;
          const shown = all.filter((server) => matches(server, text, wanted));
          if (shown.length === 0) return <Empty>No server matches.</Empty>;
          return view === 'cards' ? <ServerCards servers={shown} /> : <ServerTable servers={shown} />;
        }}
      </Answer>
      <AddServer opened={adding} close={() => setAdding(false)} />
    </Page>
  );
}

function summary(all: readonly Server[]): string {
  const online = all.filter(({ state }) => state === 'online').length;
  const sum = (of: (server: Server) => number) => all.reduce((total, server) => total + of(server), 0);
  return `${online} of ${all.length} online · ${sum((s) => s.slotsUsed)} of ${sum((s) => s.slots)} slots in use`;
}

/** Whether a server is meant by the filters. */
export function matches(server: Server, text: string, wanted: readonly string[]): boolean {
  if (wanted.length > 0 && !wanted.includes(server.state)) return false;
  const typed = text.trim().toLowerCase();
  const words = [
    server.name,
    server.description,
    server.agentVersion,
    ...server.virtualServers,
    ...labelWords(server.labels),
  ];
  return words.some((word) => word.toLowerCase().includes(typed));
}

function NoServers({ add }: { add: () => void }) {
  const may = useMay();
  return (
    <div className="panel" style={{ padding: 'var(--mantine-spacing-xl)', textAlign: 'center' }}>
      <Text mb="sm">No job server has joined yet. One line, run on a host, makes it a job server.</Text>
      {may('server.join') && (
        <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={add}>
          Add the first server
        </Button>
      )}
    </div>
  );
}
