import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { Answer } from '../../components/Answer';
import { Instant } from '../../components/instants';
import { StateBadge } from '../../components/StateBadge';
import { runEvents } from '../../data/runEvents';
import type { Happening } from '../../data/runEvents';
import { runStates } from '../../data/states';
import classes from './RunPage.module.css';

/** All that happened to a run, the newest first. */
export function History({ id }: { id: string }) {
  const query = useQuery(runEvents(id));
  return (
    <Answer
      query={query}
      what="The history"
      empty={{ when: (all) => all.length === 0, text: 'Nothing yet.' }}
    >
      {(all) => (
        <ol className={classes.history} aria-label="History">
          {[...all].reverse().map((event, i) => (
            <Entry key={event.id} event={event} first={i === 0} />
          ))}
        </ol>
      )}
    </Answer>
  );
}

function Entry({ event, first }: { event: Happening; first: boolean }) {
  const state = runStates.find((s) => s === event.to);
  return (
    <li>
      <Text size="sm" c="dimmed" component="span" className={classes.when}>
        <Instant at={event.at} row={!first} />
      </Text>
      <span className={classes.what}>
        {state && event.kind === `run.${state}` ? (
          <StateBadge state={state} />
        ) : (
          <Text size="sm">{wordsOf(event.kind)}</Text>
        )}
        {event.attempt !== null && (
          <Text size="xs" c="dimmed" component="span">
            attempt {event.attempt}
          </Text>
        )}
      </span>
      <Text size="sm" component="span" style={{ overflowWrap: 'anywhere' }}>
        {event.reason}
      </Text>
    </li>
  );
}

function wordsOf(kind: string): string {
  return kind
    .replace(/^run\./, '')
    .replaceAll('_', ' ')
    .replaceAll('.', ' ');
}
