import { SimpleGrid } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';

import { Loading } from '../../components/Answer';
import { Page } from '../../components/Page';
import { useFirstAnswers } from '../../components/useFirstAnswers';
import { failedRuns, lateRuns, newestRuns, unknownRuns, waitingRuns } from '../../data/runs';
import { coming, pausedTriggers, pauses } from '../../data/schedule';
import { servers } from '../../data/servers';
import { summary } from '../../data/summary';
import { taskNames } from '../../data/taskNames';
import { virtualServers } from '../../data/virtualServers';
import { Coming } from './Coming';
import { FirstSteps } from './FirstSteps';
import { FleetMap } from './FleetMap';
import { NewestRuns } from './NewestRuns';
import { Numbers } from './Numbers';
import { RunsPerMinute } from './RunsPerMinute';
import { Troubles } from './Troubles';

/** Everything at a glance: what is wrong first, then the fleet, what runs and what comes. */
export function Overview() {
  const shown = useFirstAnswers([
    ...useQueries({ queries: [servers, summary, virtualServers, taskNames, newestRuns, coming] }),
    ...useQueries({ queries: [unknownRuns, failedRuns, lateRuns, waitingRuns, pauses, pausedTriggers] }),
  ]);
  if (!shown) {
    return (
      <Page title="Overview">
        <Loading what="The overview" />
      </Page>
    );
  }
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
