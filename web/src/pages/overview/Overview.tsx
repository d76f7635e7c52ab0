import { SimpleGrid } from '@mantine/core';

import { Page } from '../../components/Page';
import { Coming } from './Coming';
import { FirstSteps } from './FirstSteps';
import { FleetMap } from './FleetMap';
import { NewestRuns } from './NewestRuns';
import { Numbers } from './Numbers';
import { RunsPerMinute } from './RunsPerMinute';
import { Troubles } from './Troubles';

/** Everything at a glance: what is wrong first, then the fleet, what runs and what comes. */
export function Overview() {
  return (
    <Page title="Overview">
      <FirstSteps />
      <Troubles />
      <Numbers />
      <FleetMap />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <RunsPerMinute />
        <Coming />
      </SimpleGrid>
      <NewestRuns />
    </Page>
  );
}
