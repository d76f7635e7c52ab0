import { Badge, Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { useFilter } from '../../../components/useFilter';
import { summary } from '../../../data/summary';
import { SettingsPage } from '../SettingsPage';
import { Channels } from './Channels';
import { Deliveries } from './Deliveries';
import { Rules } from './Rules';

/** Who is told of what, and what became of it. */
export function Notifications() {
  const dead = useQuery(summary).data?.deadDeliveries ?? 0;
  const [tab, setTab] = useFilter('tab', 'channels');
  return (
    <SettingsPage
      title="Notifications"
      about="A channel is a way to tell someone, a rule says of what which channels are told, and a delivery is one notice on its way."
    >
      <Tabs value={tab} onChange={(value) => setTab(value ?? 'channels')} keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="channels">Channels</Tabs.Tab>
          <Tabs.Tab value="rules">Rules</Tabs.Tab>
          <Tabs.Tab
            value="deliveries"
            rightSection={
              dead > 0 && (
                <Badge size="sm" variant="light" color="red" c="var(--tone-bad)" tt="none">
                  {dead.toLocaleString()} dead
                </Badge>
              )
            }
          >
            Deliveries
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="channels">
          <Channels />
        </Tabs.Panel>
        <Tabs.Panel value="rules">
          <Rules />
        </Tabs.Panel>
        <Tabs.Panel value="deliveries">
          <Deliveries />
        </Tabs.Panel>
      </Tabs>
    </SettingsPage>
  );
}
