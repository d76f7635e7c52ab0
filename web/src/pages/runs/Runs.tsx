import { Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';

import { Empty } from '../../components/Answer';
import { Page } from '../../components/Page';
import { filters } from '../../data/runList';
import { RunFilters, useRunFilter } from './RunFilters';
import { RunList } from './RunList';

/** All runs, the newest first: filtered by everything, live, and still where one reads. */
export function Runs() {
  const filter = useRunFilter();
  return (
    <Page title="Runs">
      <RunFilters filter={filter} />
      <RunList filter={filter} label="Runs" empty={<NothingToShow filtered={filters(filter)} />} />
    </Page>
  );
}

function NothingToShow({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty>No run is as you ask.</Empty>;
  return (
    <Empty>
      Nothing has run yet. <Link to="/tasks">A task</Link> can be run now, or by a trigger.
      <Text size="sm">Runs show here by themselves, as soon as they are asked for.</Text>
    </Empty>
  );
}
