import { useQuery } from '@tanstack/react-query';

import { Instant } from '../../components/instants';
import type { Run } from '../../data/runs';
import { triggersOf } from '../../data/triggers';
import type { Owner } from '../../data/triggers';

interface Props {
  at: Date;
  owner: Owner;
  /** The trigger that asked for it; empty where none did. */
  trigger: string;
}

/** Shows when a run of a task was due. */
export function DueRun({ at, run }: { at: Date; run: Pick<Run, 'task' | 'causedBy'> }) {
  const { kind, by } = run.causedBy;
  return <Due at={at} owner={{ kind: 'task', name: run.task }} trigger={kind === 'trigger' ? by : ''} />;
}

/** Shows when a run was due, which on hovering is told in the zone of its trigger too. */
export function Due({ at, owner, trigger }: Props) {
  const { data } = useQuery({ ...triggersOf(owner), enabled: trigger !== '' });
  return <Instant at={at} zone={data?.find(({ name }) => name === trigger)?.spec.timezone} />;
}
