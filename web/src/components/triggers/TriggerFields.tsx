import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useContext } from 'react';

import { calendars } from '../../data/calendars';
import { servers } from '../../data/servers';
import { taskNames } from '../../data/taskNames';
import type { Owner } from '../../data/triggers';
import { virtualServers } from '../../data/virtualServers';
import { at } from '../document/document';
import { ChoiceField, Form, InstantField, PairsField, TextField, WholeField } from '../document/fields';
import { zones } from '../zones';
import type { Kind } from './kinds';
import classes from './Triggers.module.css';

/** The fields of what a trigger of a kind waits for. */
export function KindFields({ kind, owner, isNew }: { kind: Kind; owner: Owner; isNew: boolean }) {
  switch (kind) {
    case 'cron':
      return <ByClock />;
    case 'every':
      return <TextField path={['every']} label="Every" hint="such as 10m or 1h30m" required />;
    case 'at':
      return <InstantField path={['at']} label="At" />;
    case 'file':
      return <ForFiles />;
    case 'after':
      return <AfterTask owner={owner} />;
    case 'webhook':
      return <WhenCalled isNew={isNew} />;
  }
}

function ByClock() {
  return (
    <>
      <div className={classes.row}>
        <TextField
          path={['cron']}
          label="Cron"
          hint="minute hour day month weekday, or with seconds before them"
          required
        />
        <ChoiceField
          path={['timezone']}
          label="Time zone"
          hint="whose clock counts"
          placeholder="UTC"
          options={[...zones]}
        />
      </div>
      <div className={classes.row}>
        <ChoiceField
          path={['in_gap']}
          label="A time that the clock leaves out"
          hint="as it is put forward in spring"
          placeholder="as fits the cron"
          options={[
            { value: 'run', label: 'runs once, at the change' },
            { value: 'skip', label: 'is left out' },
          ]}
        />
        <ChoiceField
          path={['in_overlap']}
          label="A time that comes twice"
          hint="as the clock is put back in autumn"
          placeholder="as fits the cron"
          options={[
            { value: 'once', label: 'runs once, the first time' },
            { value: 'twice', label: 'runs twice' },
          ]}
        />
      </div>
    </>
  );
}

function ForFiles() {
  const { spec, setAt, errors } = useContext(Form);
  const hosts = useQuery(servers).data ?? [];
  const groups = useQuery(virtualServers).data ?? [];
  const grouped = at(spec, ['file', 'virtual_server']) !== undefined;
  const wrong = errors.get('file');
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label="Where the files are"
        value={grouped ? 'virtual_server' : 'server'}
        data={[
          { value: 'server', label: 'on one job server' },
          { value: 'virtual_server', label: 'on all of a virtual server' },
        ]}
        onChange={(next) => {
          setAt(['file', grouped ? 'virtual_server' : 'server'], undefined);
          setAt(['file', next], '');
        }}
      />
      {wrong && (
        <Text size="xs" c="var(--tone-bad)">
          {wrong}
        </Text>
      )}
      <div className={classes.row}>
        {grouped ? (
          <ChoiceField
            path={['file', 'virtual_server']}
            label="Virtual server"
            options={groups.map((group) => group.name)}
            required
          />
        ) : (
          <ChoiceField
            path={['file', 'server']}
            label="Job server"
            options={hosts.map((server) => server.name)}
            required
          />
        )}
        <TextField path={['file', 'path']} label="Folder" placeholder="/data/in" required />
      </div>
      <div className={classes.row}>
        <TextField
          path={['file', 'mask']}
          label="Names"
          placeholder="*"
          hint="* ? and [a-z] stand for others"
        />
        <ChoiceField
          path={['file', 'on']}
          label="When a file"
          placeholder="created"
          options={[
            { value: 'created', label: 'appears' },
            { value: 'modified', label: 'changes that was there' },
            { value: 'exists', label: 'is there, also from before' },
          ]}
        />
        <WholeField path={['file', 'depth']} label="Levels of folders below" max={16} hint="empty: none" />
      </div>
      <div className={classes.row}>
        <TextField
          path={['file', 'settle']}
          label="Written when unchanged for"
          placeholder="5s"
          hint="100ms to 24h"
        />
        <TextField path={['file', 'poll']} label="Looked for every" placeholder="5s" hint="1s to 24h" />
      </div>
    </>
  );
}

function AfterTask({ owner }: { owner: Owner }) {
  const names = useQuery(taskNames).data ?? [];
  return (
    <div className={classes.row}>
      <ChoiceField
        path={['after', 'task']}
        label="Task"
        options={names.filter((name) => owner.kind === 'plan' || name !== owner.name)}
        required
      />
      <ChoiceField
        path={['after', 'on']}
        label="When it has"
        options={[
          { value: 'ok', label: 'ended well' },
          { value: 'error', label: 'failed, timed out or was lost' },
          { value: 'any', label: 'ended, in whatever way' },
        ]}
        required
      />
    </div>
  );
}

function WhenCalled({ isNew }: { isNew: boolean }) {
  return (
    <>
      <ChoiceField
        path={['webhook', 'signature']}
        label="How its callers sign"
        options={[
          { value: 'standard', label: 'Standard Webhooks, with a time against replay' },
          { value: 'github', label: 'GitHub (X-Hub-Signature-256)' },
          { value: 'none', label: 'not at all: the address alone is the secret' },
        ]}
        required
      />
      {isNew && (
        <Text size="sm" c="dimmed">
          Its secret address is made once it is saved, and shown that one time.
        </Text>
      )}
    </>
  );
}

const moreKeys = ['description', 'params', 'calendar', 'start', 'end', 'jitter', 'misfire', 'misfire_window'];

/** What triggers of several kinds may say, folded away until somebody wants it or something is said there. */
export function MoreFields({ kind }: { kind: Kind }) {
  const { spec, errors } = useContext(Form);
  const said = moreKeys.filter((key) => spec[key] !== undefined).length;
  const [asked, { toggle }] = useDisclosure(said > 0);
  const open = asked || moreKeys.some((key) => errors.has(key));
  const timed = kind === 'cron' || kind === 'every' || kind === 'at';
  const all = useQuery(calendars).data ?? [];
  return (
    <div>
      <Group>
        <Button
          size="compact-sm"
          variant="subtle"
          leftSection={open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
          aria-expanded={open}
          onClick={toggle}
        >
          More: calendar, dates, parameters
        </Button>
      </Group>
      {open && (
        <Stack gap="sm" pt="xs">
          <TextField path={['description']} label="What it is for" />
          <ChoiceField
            path={['calendar']}
            label="Calendar"
            hint="times that it excludes are left out"
            placeholder="none: at all times"
            options={all.map((calendar) => calendar.name)}
          />
          <div className={classes.row}>
            <InstantField path={['start']} label="Not before" />
            <InstantField path={['end']} label="Not at or after" />
          </div>
          {timed && <Missed />}
          <PairsField
            path={['params']}
            label="Parameters in place of the task’s"
            hint={
              timed ? undefined : (
                <>
                  They may name the event: <code>{eventValue[kind]}</code>.
                </>
              )
            }
          />
        </Stack>
      )}
    </div>
  );
}

const eventValue: Partial<Record<Kind, string>> = {
  file: '${{ file.path }}',
  after: '${{ run.outputs.rows }}',
  webhook: '${{ body.ref }}',
};

function Missed() {
  const { spec } = useContext(Form);
  const { misfire } = spec;
  return (
    <div className={classes.row}>
      <ChoiceField
        path={['misfire']}
        label="Times that were missed"
        hint="while no conductor ran"
        placeholder="the latest is made up for"
        options={[
          { value: 'skip', label: 'are left out' },
          { value: 'latest', label: 'the latest is made up for' },
          { value: 'all', label: 'all are made up for' },
        ]}
      />
      {misfire !== 'skip' && (
        <TextField
          path={['misfire_window']}
          label="If not older than"
          hint="such as 24h"
          placeholder={misfire === 'all' ? '24h' : 'however old'}
        />
      )}
      <TextField
        path={['jitter']}
        label="Delayed by up to"
        hint="always the same, by its name"
        placeholder="not at all"
      />
    </div>
  );
}
