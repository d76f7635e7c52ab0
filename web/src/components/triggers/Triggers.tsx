import { Button } from '@mantine/core';
import { IconPlayerPause, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { useMay } from '../../data/permissions';
import { pauses } from '../../data/schedule';
import { triggersOf } from '../../data/triggers';
import type { Owner, Trigger } from '../../data/triggers';
import { Answer, Empty } from '../Answer';
import { useOpened } from '../document/useDraft';
import { PauseDialog, PauseNotice } from './Pauses';
import { Secrets } from './Secrets';
import { TriggerForm, word } from './TriggerForm';
import { TriggerRow } from './TriggerRow';
import classes from './Triggers.module.css';

/** What is open over the triggers: the form of one or of a new one, the secrets of a webhook, or the pause of all. */
type Open = { form: Trigger | null } | { secrets: Trigger } | 'pause' | null;

/** The triggers of a task or a plan: when it starts by itself, in words, and what became of that last. */
export function Triggers({ owner }: { owner: Owner }) {
  const may = useMay()(`${owner.kind}.edit`);
  const query = useQuery(triggersOf(owner));
  const paused = useQuery(pauses).data ?? [];
  const [kept] = useOpened<Trigger>(word);
  const [open, setOpen] = useState<Open>(kept === undefined ? null : { form: kept });
  const close = () => setOpen(null);
  const mine = paused.find((p) => p.level === 'owner' && p.kind === owner.kind && p.owner === owner.name);
  const everything = paused.find((p) => p.level === 'all');
  return (
    <>
      {everything && <PauseNotice pause={everything} what="all" may={may} />}
      {mine && <PauseNotice pause={mine} what={{ owner, trigger: '' }} may={may} />}
      <Answer query={query} what="The triggers">
        {(all) =>
          all.length === 0 ? (
            <Empty>It has no trigger: it runs only when somebody asks for it.</Empty>
          ) : (
            <ul className={classes.triggers} aria-label="Triggers">
              {all.map((trigger) => (
                <TriggerRow
                  key={trigger.name}
                  owner={owner}
                  trigger={trigger}
                  edit={() => setOpen({ form: trigger })}
                  secrets={() => setOpen({ secrets: trigger })}
                />
              ))}
            </ul>
          )
        }
      </Answer>
      {may && (
        <div className={classes.foot}>
          <Button
            size="sm"
            variant="default"
            leftSection={<IconPlus size={15} />}
            onClick={() => setOpen({ form: null })}
          >
            Add a trigger…
          </Button>
          {!mine && (query.data?.length ?? 0) > 0 && (
            <Button
              size="sm"
              variant="subtle"
              leftSection={<IconPlayerPause size={15} />}
              onClick={() => setOpen('pause')}
            >
              Pause all of this {owner.kind}…
            </Button>
          )}
        </div>
      )}
      {open !== null && open !== 'pause' && 'form' in open && (
        <TriggerForm
          owner={owner}
          trigger={open.form}
          close={close}
          onSaved={(saved) => {
            // A new webhook is of no use before it has an address.
            if (saved.kind === 'webhook' && open.form?.kind !== 'webhook') setOpen({ secrets: saved });
          }}
        />
      )}
      {open !== null && open !== 'pause' && 'secrets' in open && (
        <Secrets owner={owner} trigger={open.secrets} close={close} />
      )}
      {open === 'pause' && <PauseDialog what={{ owner, trigger: '' }} close={close} />}
    </>
  );
}
