import { Button, Text } from '@mantine/core';
import { IconArrowUp } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { Answer, Empty } from '../../components/Answer';
import { Page } from '../../components/Page';
import { filters, runList } from '../../data/runList';
import { RunFilters, useRunFilter } from './RunFilters';
import { RunRow } from './RunRow';
import classes from './Runs.module.css';
import { useSteady } from './steady';

/** All runs, the newest first: filtered by everything, live, and still where one reads. */
export function Runs() {
  const filter = useRunFilter();
  const query = useInfiniteQuery(runList(filter));
  const all = query.data?.pages.flatMap((page) => page.runs) ?? [];
  const { shown, waiting, show } = useSteady(all, JSON.stringify(filter));
  const filtered = filters(filter);
  return (
    <Page title="Runs">
      <RunFilters filter={filter} />
      <section className="panel" aria-label="Runs" aria-busy={query.isPlaceholderData}>
        {waiting > 0 && (
          <div className={classes.news}>
            <Button size="compact-sm" radius="xl" leftSection={<IconArrowUp size={14} />} onClick={show}>
              {waiting === 1 ? '1 new run' : `${waiting} new runs`}
            </Button>
          </div>
        )}
        <Answer query={query} what="The runs">
          {() =>
            shown.length === 0 ? (
              <NothingToShow filtered={filtered} />
            ) : (
              <table className={`${classes.table} cards`} aria-label="Runs">
                <thead>
                  <tr>
                    <th scope="col">State</th>
                    <th scope="col">Task</th>
                    <th scope="col">Server</th>
                    <th scope="col">Queued</th>
                    <th scope="col">Duration</th>
                    <th scope="col">Progress or reason</th>
                  </tr>
                </thead>
                <tbody>
                  {shown.map((run) => (
                    <RunRow key={run.id} run={run} />
                  ))}
                </tbody>
              </table>
            )
          }
        </Answer>
        {query.hasNextPage && (
          <div className={classes.more}>
            <Button
              variant="default"
              size="sm"
              loading={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              Show older runs
            </Button>
          </div>
        )}
      </section>
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
