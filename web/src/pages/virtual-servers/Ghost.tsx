import { Text } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';

import type { Effect } from '../../data/virtualServers';
import { effectOfDrafts, virtualServers } from '../../data/virtualServers';
import { draftsOf, namesOf } from './moves';
import type { Move } from './moves';
import classes from './VirtualServers.module.css';

/** Shows what dropping the carried servers here would mean, before they are dropped. */
export function Ghost({ move }: { move: Move }) {
  const groups = useQueryClient().getQueryData(virtualServers.queryKey) ?? [];
  const drafts = draftsOf(groups, move);
  const effects = useQuery({ ...effectOfDrafts(drafts), enabled: drafts.length > 0 });
  if (drafts.length === 0) {
    return (
      <div className={classes.ghost}>
        <Text size="sm">Nothing would change: {namesOf(move.servers)} is a member already.</Text>
      </div>
    );
  }
  return (
    <div className={classes.ghost} data-ghost>
      <Text size="sm" fw={600}>
        {dropText(move)}
      </Text>
      {effects.data?.map((effect) => (
        <EffectLines key={effect.name} effect={effect} />
      ))}
      {effects.isPending && (
        <Text size="sm" c="dimmed">
          Looking at what it would mean…
        </Text>
      )}
      {effects.isError && (
        <Text size="sm" c="dimmed">
          What it would mean could not be found out: {effects.error.message}
        </Text>
      )}
    </div>
  );
}

function dropText({ servers, to }: Move): string {
  return to === null ? `Drop to take out ${namesOf(servers)}` : `Drop ${namesOf(servers)} here`;
}

function EffectLines({ effect }: { effect: Effect }) {
  return (
    <>
      {effectTexts(effect).map((text) => (
        <Text key={text} size="sm" className="number">
          {text}
        </Text>
      ))}
      {effect.stranded.length > 0 ? (
        <Text size="sm" c="var(--tone-bad)" fw={500}>
          <IconAlertTriangle size={14} className={classes.inline} aria-hidden /> {strandedText(effect)}
        </Text>
      ) : (
        effect.couldStart > 0 && (
          <Text size="sm" c="var(--tone-ok)" fw={500}>
            <IconCircleCheck size={14} className={classes.inline} aria-hidden /> {startText(effect)}
          </Text>
        )
      )}
    </>
  );
}

/** Says what would become of the servers and slots of a group. */
export function effectTexts({ name, before, after }: Effect): string[] {
  const servers = signed(after.members - before.members, 'server');
  const slots = signed(after.slots - before.slots, 'slot');
  const change =
    servers === '' && slots === '' ? 'another order' : [servers, slots].filter(Boolean).join(', ');
  return [`${name}: ${change} (${before.used}/${before.slots} → ${after.used}/${after.slots} slots)`];
}

function signed(number: number, what: string): string {
  if (number === 0) return '';
  return `${number > 0 ? '+' : '−'}${Math.abs(number)} ${what}${Math.abs(number) === 1 ? '' : 's'}`;
}

export function strandedText({ name, stranded }: Effect): string {
  const tasks = namesOf(stranded);
  return `${tasks} would have no eligible server in ${name}`;
}

export function startText({ couldStart, queued, queuedMore }: Effect): string {
  return `${couldStart} of ${queuedMore ? 'the first ' : ''}${queued} waiting ${queued === 1 ? 'run' : 'runs'} could start`;
}

/** Says an effect in one sentence, for who listens. */
export function spoken(effects: readonly Effect[]): string {
  return effects
    .flatMap((effect) => [
      ...effectTexts(effect),
      ...(effect.stranded.length > 0 ? [strandedText(effect)] : []),
      ...(effect.couldStart > 0 ? [startText(effect)] : []),
    ])
    .join('. ');
}
