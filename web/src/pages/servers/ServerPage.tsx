import { Alert, Anchor, Group, SegmentedControl, SimpleGrid, Stack } from '@mantine/core';
import { IconAlertTriangle, IconClockExclamation } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { Suspense, lazy } from 'react';
import type { ReactNode } from 'react';

import { Answer, Loading } from '../../components/Answer';
import { Ago, Instant, useNow } from '../../components/instants';
import { Page, Panel } from '../../components/Page';
import { StateBadge } from '../../components/StateBadge';
import { number } from '../../components/TermBars';
import { useFilter } from '../../components/useFilter';
import { skewText } from '../../data/attention';
import { duration } from '../../data/instants';
import { server as serverQuery, skewToTell } from '../../data/servers';
import type { Server } from '../../data/servers';
import { HistoryOfServer } from './HistoryOfServer';
import { Labels } from './Labels';
import { RunsOnServer } from './RunsOnServer';
import { ServerActions } from './ServerActions';
import { ServerStars } from './ServerStars';
import classes from './Servers.module.css';
import { WhatIfTable } from './WhatIfTable';

/** What the charts take at least. */
const chartsHeight = '25rem';

const LoadCharts = lazy(() => import('./LoadCharts'));

/** One job server: how it was and is, what runs there, and what would happen if it died now. */
export function ServerPage() {
  const { name } = useParams({ from: '/servers/$name' });
  const query = useQuery(serverQuery(name));
  return (
    <Page
      title={name}
      heading={
        query.data ? (
          <Group gap="sm" component="span">
            {name} <StateBadge state={query.data.state} size="lg" />
          </Group>
        ) : undefined
      }
      about={
        <Anchor component={Link} to="/servers" size="sm">
          All servers
        </Anchor>
      }
      actions={query.data && <ServerActions server={query.data} />}
    >
      <Answer query={query} what="The server">
        {(server) => <View server={server} />}
      </Answer>
    </Page>
  );
}

const ranges = [
  { value: '15', label: '15 m' },
  { value: '60', label: '1 h' },
  { value: '360', label: '6 h' },
  { value: '1440', label: '24 h' },
  { value: '10080', label: '7 d' },
];

function View({ server }: { server: Server }) {
  const [minutes, setMinutes] = useFilter('minutes', '60');
  return (
    <Stack gap="md">
      <Warnings server={server} />
      <div className="panel" style={{ padding: 'var(--mantine-spacing-md)' }}>
        <Facts server={server} />
      </div>
      <Panel
        title="Load"
        actions={
          <SegmentedControl
            size="xs"
            aria-label="Period"
            data={ranges}
            value={minutes}
            onChange={setMinutes}
          />
        }
      >
        <Suspense fallback={<Loading what="The charts" height={chartsHeight} />}>
          <LoadCharts server={server} minutes={Number(minutes) || 60} />
        </Suspense>
      </Panel>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Panel title="What runs there" flush>
          <RunsOnServer server={server.name} />
        </Panel>
        <Panel title="If it died now" flush>
          <WhatIfTable server={server.name} />
        </Panel>
      </SimpleGrid>
      <Panel title="History" flush>
        <HistoryOfServer server={server.name} />
      </Panel>
    </Stack>
  );
}

function Warnings({ server }: { server: Server }) {
  return (
    <>
      {server.unavailableAt && <Silent server={server} at={server.unavailableAt} />}
      {server.quarantine !== '' && (
        <Alert color="red" icon={<IconAlertTriangle />} title="It is quarantined">
          {server.quarantine}. It takes no runs until that is over.
        </Alert>
      )}
      {server.skewMs !== null && Math.abs(server.skewMs) >= skewToTell && (
        <Alert color="yellow" icon={<IconClockExclamation />} title="Its clock is off">
          The host’s clock is {skewText(server.skewMs)} the conductor’s. No decision of Segno’s depends on it;
          what its jobs write down may.
        </Alert>
      )}
    </>
  );
}

function Silent({ server, at }: { server: Server; at: Date }) {
  const left = at.getTime() - useNow();
  return (
    <Alert color="yellow" icon={<IconAlertTriangle />} title="It does not answer">
      Nothing has been heard of {server.name} since <Instant at={server.lastSeen} />. If it stays silent it
      counts as unavailable in <span className="number">{duration(left)}</span>, and its runs follow their
      policies.
    </Alert>
  );
}

function Facts({ server }: { server: Server }) {
  return (
    <dl className={classes.facts}>
      <Fact name="Rating">
        <ServerStars server={server} />
      </Fact>
      <Fact name="Slots">
        {server.slotsUsed} of {server.slots} in use
      </Fact>
      <Fact name="Processors">
        {server.cpus === null ? '–' : number(server.cpus)}
        {server.power !== 1 && `, power ${server.power}`}
      </Fact>
      <Fact name="Memory">{server.memoryTotal === null ? '–' : `${number(server.memoryTotal)}B`}</Fact>
      <Fact name="Disk free">{server.diskFree === null ? '–' : `${number(server.diskFree)}B`}</Fact>
      <Fact name="Virtual servers">
        {server.virtualServers.length === 0
          ? 'none'
          : server.virtualServers.map((group, i) => (
              <span key={group}>
                {i > 0 && ', '}
                <Anchor component={Link} to={`/virtual-servers?show=${encodeURIComponent(group)}`} size="sm">
                  {group}
                </Anchor>
              </span>
            ))}
      </Fact>
      <Fact name="Labels">
        {Object.keys(server.labels).length === 0 ? 'none' : <Labels labels={server.labels} />}
      </Fact>
      <Fact name="Agent">{server.agentVersion || '–'}</Fact>
      <Fact name="Last seen">
        <Ago at={server.lastSeen} />
      </Fact>
      <Fact name="Joined">
        <Instant at={server.joinedAt} />
      </Fact>
      {server.heartbeatMs > 0 && <Fact name="Heartbeats">every {duration(server.heartbeatMs)}</Fact>}
      {server.unreachableMs > 0 && (
        <Fact name="Unreachable after">{duration(server.unreachableMs)} of silence</Fact>
      )}
      <Fact name="Unavailable after">{duration(server.patienceMs)} of silence</Fact>
      {server.reason !== '' && <Fact name="Why it is in its mode">{server.reason}</Fact>}
      {server.description !== '' && <Fact name="What it is">{server.description}</Fact>}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className="number">{children}</dd>
    </div>
  );
}
