import { Button, Text } from '@mantine/core';
import { IconArrowUp } from '@tabler/icons-react';
import { useRef } from 'react';
import type { ReactNode } from 'react';

import { Answer } from '../../components/Answer';
import { useGlide } from '../../components/useGlide';
import type { RunFilter } from '../../data/runList';
import { RunRow } from './RunRow';
import classes from './Runs.module.css';
import { useSteadyRuns } from './useSteadyRuns';
import type { Row } from './useSteadyRuns';

interface RunListProps {
  filter: RunFilter;
  /** Names the table to who listens. */
  label: string;
  /** Shown where there is no run. */
  empty: ReactNode;
}

/** Runs, the newest first: live, and still while one reads in them. */
export function RunList({ filter, label, empty }: RunListProps) {
  const list = useSteadyRuns(filter);
  return (
    <section className="panel" aria-label={label} aria-busy={list.query.isPlaceholderData} {...list.within}>
      <Answer query={list.query} what="The runs">
        {() =>
          list.rows.length === 0 ? (
            empty
          ) : (
            <>
              <Head {...list} />
              <Rows rows={list.rows} label={label} list={asText(filter)} />
            </>
          )
        }
      </Answer>
      {list.older && (
        <div className={classes.more}>
          <Button variant="default" size="sm" loading={list.loadingOlder} onClick={list.showOlder}>
            Show older runs
          </Button>
        </div>
      )}
    </section>
  );
}

const asText = (filter: RunFilter) => JSON.stringify(filter);

interface HeadProps {
  held: boolean;
  waiting: { count: number; more: boolean };
  show: () => void;
}

/** Says whether the list is live, and lets in what waits. It is as high with a button as without. */
function Head({ held, waiting, show }: HeadProps) {
  const head = useRef<HTMLDivElement>(null);
  return (
    <div ref={head} className={classes.head} tabIndex={-1}>
      <Text size="xs" c="dimmed" component="span">
        {held ? 'Still while you read' : 'Live, the newest first'}
      </Text>
      {waiting.count > 0 && (
        <Button
          size="compact-xs"
          radius="xl"
          leftSection={<IconArrowUp size={14} aria-hidden />}
          onClick={() => {
            // The button goes, and who works by keyboard is not to be lost with it.
            head.current?.focus({ preventScroll: true });
            show();
            window.scrollTo({ top: 0 });
          }}
        >
          {waiting.count === 1
            ? 'Show 1 new run'
            : `Show ${waiting.count}${waiting.more ? '+' : ''} new runs`}
        </Button>
      )}
    </div>
  );
}

function Rows({ rows, label, list }: { rows: Row[]; label: string; list: string }) {
  const body = useGlide<HTMLTableSectionElement>(
    rows.map(({ run }) => run.id),
    list,
  );
  return (
    // What comes in from above is not to be seen over the head.
    <div className={classes.rows}>
      <table className={`${classes.table} cards`} aria-label={label}>
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
        <tbody ref={body}>
          {rows.map(({ run, gone }) => (
            <RunRow key={run.id} run={run} gone={gone} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
