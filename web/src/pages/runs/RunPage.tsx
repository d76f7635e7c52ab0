import { Anchor, Progress, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { Answer, Empty } from '../../components/Answer';
import { Glow } from '../../components/Glow';
import { bothText, Elapsed, Instant } from '../../components/instants';
import { Page } from '../../components/Page';
import { PlacementView } from '../../components/PlacementView';
import { StateBadge } from '../../components/StateBadge';
import { Strip } from '../../components/Strip';
import { useFilter } from '../../components/useFilter';
import { run as runQuery } from '../../data/runs';
import type { Run } from '../../data/runs';
import { hasEnded } from '../../data/states';
import { AttemptTimeline } from './AttemptTimeline';
import { CauseOf } from './CauseOf';
import { Checkpoints } from './Checkpoints';
import { DueRun } from './Due';
import { History } from './History';
import { LogPanel } from './log/LogPanel';
import { Parameters } from './Parameters';
import { Processes } from './Processes';
import { RunActions } from './RunActions';
import classes from './RunPage.module.css';

/** One run: its state and why, its attempts over time, its output, and what can be done with it. */
export function RunPage() {
  const { id } = useParams({ strict: false });
  const query = useQuery(runQuery(id ?? ''));
  if (!query.data) {
    return (
      <Page title="Run">
        <Answer query={query} what="The run">
          {() => null}
        </Answer>
      </Page>
    );
  }
  return <RunView run={query.data} />;
}

function RunView({ run }: { run: Run }) {
  const [picked, setPicked] = useFilter('attempt');
  const attempt = run.attempts.find((a) => a.number === (Number(picked) || run.attempt));
  const show = (number: number) => setPicked(number === run.attempt ? '' : String(number));
  return (
    <Page
      title={`${run.task} ${run.id}`}
      heading={<Heading run={run} />}
      about={
        <Anchor component={Link} to="/runs" size="sm" className={classes.back}>
          All runs
        </Anchor>
      }
      actions={<RunActions run={run} />}
    >
      <Summary run={run} />
      {run.attempts.length > 0 && <AttemptTimeline run={run} shown={attempt?.number ?? 0} show={show} />}
      <Parts run={run} attempt={attempt?.number ?? 0} pinned={picked === '' ? null : Number(picked)} />
    </Page>
  );
}

function Heading({ run }: { run: Run }) {
  return (
    <span className={classes.head}>
      <Anchor component={Link} to={`/tasks/${run.task}`} inherit c="inherit">
        {run.task}
      </Anchor>
      <Glow of={run.state}>
        <StateBadge state={run.state} size="lg" />
      </Glow>
      {run.server !== null && (
        <Text component="span" size="sm" fw={400}>
          on{' '}
          <Glow of={run.server}>
            <Anchor component={Link} to={`/servers/${run.server}`} size="sm">
              {run.server}
            </Anchor>
          </Glow>
          {run.attempt > 1 && ` (attempt ${run.attempt})`}
        </Text>
      )}
      <span className={classes.id}>
        {run.id}
        {run.pinned && ' · kept'}
      </span>
    </span>
  );
}

function Summary({ run }: { run: Run }) {
  return (
    <section className="panel" aria-label="Summary">
      {/* Of what went well nobody asks how far it had told to be. */}
      {run.progress && run.state !== 'succeeded' && (
        <div className={classes.progress}>
          <Progress.Root flex={1} size="lg">
            <Progress.Section
              value={run.progress.percent}
              color={hasEnded(run.state) ? 'gray' : 'petrol'}
              aria-label="Progress of the job"
            />
          </Progress.Root>
          <Text size="sm" className="number">
            {Math.round(run.progress.percent)} % {run.progress.message}
          </Text>
        </div>
      )}
      <div className={classes.strip}>
        <Fact name="Asked for">
          <CauseOf run={run} />
        </Fact>
        {run.scheduledFor && (
          <Fact name="Due">
            <DueRun at={run.scheduledFor} run={run} />
          </Fact>
        )}
        <Fact name="Queued">
          <Instant at={run.queuedAt} />
        </Fact>
        <Fact name="Started">
          <Instant at={run.startedAt} />
        </Fact>
        {run.startedAt && (
          <Fact name={run.endedAt ? 'Took' : 'Takes'}>
            <Elapsed from={run.startedAt} to={run.endedAt} />
          </Fact>
        )}
        {run.exitCode !== null && <Fact name="Exit code">{run.exitCode}</Fact>}
      </div>
      <Reason run={run} />
    </section>
  );
}

/** Why the run is in its state, and what comes next. */
function Reason({ run }: { run: Run }) {
  const sentences = [run.reason];
  if (run.state === 'unknown' && run.prior !== null) {
    sentences.push(`It was ${run.prior} when its server was last heard from, and may still be.`);
  }
  if (run.pending !== null) sentences.push(`Once its attempt is certainly over: ${run.pending}.`);
  if (run.next) {
    sentences.push(run.next.reason);
    if (run.next.checkpoint !== null) sentences.push(`It goes on from checkpoint ${run.next.checkpoint}.`);
    if (run.next.notBefore) sentences.push(`Not before ${bothText(run.next.notBefore)}.`);
    if (run.next.avoid !== null) {
      sentences.push(
        `${run.next.avoid}, which it has just left, is avoided while another server can take it.`,
      );
    }
  }
  const all = [...new Set(sentences.filter((sentence) => sentence !== ''))];
  if (all.length === 0) return null;
  return (
    <div className={classes.reason}>
      {all.map((sentence) => (
        <Text key={sentence} size="sm">
          {sentence}
        </Text>
      ))}
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <span>{name}</span>
      {children}
    </div>
  );
}

const parts = ['log', 'why', 'checkpoints', 'parameters', 'processes', 'history'] as const;

function Parts({ run, attempt, pinned }: { run: Run; attempt: number; pinned: number | null }) {
  const [tab, setTab] = useFilter('part', 'log');
  const shown = parts.find((p) => p === tab) ?? 'log';
  const names: Record<(typeof parts)[number], string> = {
    log: 'Log',
    why: run.waiting ? 'Why it waits' : 'Why here',
    checkpoints: run.checkpoints.length === 0 ? 'Checkpoints' : `Checkpoints ${run.checkpoints.length}`,
    parameters: 'Parameters',
    processes: 'Processes',
    history: 'History',
  };
  return (
    <Tabs value={shown} onChange={(value) => setTab(value ?? 'log')} keepMounted={false} className="panel">
      <Strip shown={shown}>
        <Tabs.List style={{ flexWrap: 'nowrap', minWidth: 'max-content' }}>
          {parts.map((part) => (
            <Tabs.Tab key={part} value={part} style={{ whiteSpace: 'nowrap' }}>
              {names[part]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Strip>
      <Tabs.Panel value="log">
        <LogPanel run={run} attempt={pinned} />
      </Tabs.Panel>
      <Tabs.Panel value="why" p="md">
        <Why run={run} attempt={attempt} />
      </Tabs.Panel>
      <Tabs.Panel value="checkpoints">
        <Checkpoints run={run} />
      </Tabs.Panel>
      <Tabs.Panel value="parameters">
        <Parameters run={run} />
      </Tabs.Panel>
      <Tabs.Panel value="processes">
        <Processes run={run} attempt={attempt} />
      </Tabs.Panel>
      <Tabs.Panel value="history">
        <History id={run.id} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Why({ run, attempt }: { run: Run; attempt: number }) {
  const placement = run.waiting ?? run.attempts.find((a) => a.number === attempt)?.placement ?? null;
  if (!placement) return <Empty>No placement has been decided yet.</Empty>;
  return <PlacementView placement={placement} />;
}
