import { ChoiceField, TextField, WholeField } from './fields';

/** How many runs of a task or plan there are at once, and what becomes of a further one. */
export function AtOnceFields() {
  return (
    <>
      <WholeField
        path={['max_concurrent']}
        label="Runs at once"
        min={1}
        max={10_000}
        hint="empty: as many as there are"
      />
      <ChoiceField
        path={['when_busy']}
        label="When that many run"
        placeholder="the new one waits"
        options={[
          { value: 'queue', label: 'the new one waits' },
          { value: 'skip', label: 'the new one is skipped' },
          { value: 'replace', label: 'it replaces the oldest' },
        ]}
      />
    </>
  );
}

/** How many runs of a task or plan may wait, and for how long. */
export function WaitFields() {
  return (
    <>
      <WholeField
        path={['max_queued']}
        label="Runs that wait"
        min={1}
        max={100_000}
        hint="empty: as many as there are"
      />
      <TextField
        path={['max_queue_time']}
        label="Longest time in the queue"
        placeholder="no limit"
        hint="then the run fails"
      />
    </>
  );
}
