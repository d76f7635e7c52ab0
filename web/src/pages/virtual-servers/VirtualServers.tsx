import { Button, TextInput, VisuallyHidden } from '@mantine/core';
import { DragDropProvider, DragOverlay } from '@dnd-kit/react';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useDeferredValue, useMemo, useState } from 'react';

import { Answer } from '../../components/Answer';
import { useOpened } from '../../components/document/useDraft';
import { Page } from '../../components/Page';
import { useFilter } from '../../components/useFilter';
import { useMay } from '../../data/permissions';
import { servers as serversQuery } from '../../data/servers';
import type { Server } from '../../data/servers';
import { standing as standingQuery, virtualServers } from '../../data/virtualServers';
import type { VirtualServer } from '../../data/virtualServers';
import { CarryStore, Carrying, useCarry } from './carry';
import { GroupCard } from './GroupCard';
import { GroupEditor, word } from './GroupEditor';
import { membersOf } from './members';
import type { Member } from './members';
import { namesOf } from './moves';
import { Selecting, useSelection } from './selecting';
import { ServerPane } from './ServerPane';
import { Speaking } from './speech';
import { StrandingDialog } from './StrandingDialog';
import { dragSetup, useDragHandlers } from './useDragHandlers';
import { useKept } from './useKept';
import { useKeyboardCarry } from './useKeyboardCarry';
import { useMover } from './useMover';
import { useStill } from './useStill';
import classes from './VirtualServers.module.css';

/** Job servers on the left, virtual servers on the right, and what is dragged between them. */
export function VirtualServers() {
  const groups = useQuery(virtualServers);
  const fleet = useQuery(serversQuery);
  const may = useMay();
  const [filter, setFilter] = useFilter('group');
  const [editing, setEditing] = useOpened<VirtualServer>(word);
  return (
    <Page
      title="Virtual servers"
      about="A run that is sent to a virtual server goes to its best member. Drag servers onto a group, or use their menus."
      actions={
        <>
          <TextInput
            size="xs"
            placeholder="Filter the groups"
            aria-label="Filter the groups"
            leftSection={<IconSearch size={14} aria-hidden />}
            value={filter}
            onChange={(event) => setFilter(event.currentTarget.value)}
          />
          {may('virtual-server.create') && (
            <Button
              size="xs"
              leftSection={<IconPlus size={15} aria-hidden />}
              onClick={() => setEditing(null)}
            >
              New group
            </Button>
          )}
        </>
      }
    >
      <Answer query={fleet} what="The servers">
        {(all) => (
          <Answer query={groups} what="The virtual servers">
            {(list) => <Panes servers={all} groups={list} filter={filter} edit={setEditing} />}
          </Answer>
        )}
      </Answer>
      <GroupEditor group={editing} close={() => setEditing(undefined)} />
    </Page>
  );
}

interface PanesProps {
  servers: Server[];
  groups: VirtualServer[];
  filter: string;
  /** Opens the form of a group, or with null of a new one. */
  edit: (group: VirtualServer | null) => void;
}

function Panes({ servers, groups, filter, edit }: PanesProps) {
  const [store] = useState(() => new CarryStore());
  const [spoken, speak] = useState('');
  const selection = useSelection();
  return (
    <Carrying value={store}>
      <Speaking value={speak}>
        <Selecting value={selection}>
          <Board servers={servers} groups={groups} filter={filter} edit={edit} />
          <VisuallyHidden role="status" aria-live="assertive" data-spoken>
            {spoken}
          </VisuallyHidden>
          <VisuallyHidden id="how-to-carry">
            Press Space to lift, arrow keys to choose a virtual server, Space to drop, Escape to return. The
            menu does the same.
          </VisuallyHidden>
        </Selecting>
      </Speaking>
    </Carrying>
  );
}

function Board({ filter, edit, ...live }: PanesProps) {
  const { move, doubt, answer } = useMover();
  const still = useCarry((carried) => carried?.by === 'pointer');
  // What the heartbeats tell is drawn when there is time: scrolling and typing go first.
  const servers = useDeferredValue(useStill(live.servers, still));
  const groups = useStill(live.groups, still);
  const [wanted] = useFilter('show');
  const shown = useMemo(
    () => groups.filter(({ name }) => name.includes(filter.trim().toLowerCase())),
    [groups, filter],
  );
  const standing = useDeferredValue(useStill(useQuery(standingQuery(live.groups)).data, still));
  const members = useKept(useMemo(() => membersOf(groups, servers, standing), [groups, servers, standing]));
  const onKey = useKeyboardCarry(shown, (done) => void move(done));
  const handlers = useDragHandlers(groups, move);
  return (
    <DragDropProvider {...dragSetup} {...handlers}>
      <div className={classes.panes}>
        <ServerPane servers={servers} move={move} onKey={onKey} />
        <div className={classes.groups}>
          {shown.map((group) => (
            <GroupCard
              key={group.name}
              group={group}
              members={members.get(group.name) ?? noMembers}
              standing={standing?.get(group.name)}
              wanted={wanted === group.name}
              move={move}
              onKey={onKey}
              edit={edit}
            />
          ))}
          {groups.length === 0 && <NoGroups create={() => edit(null)} />}
        </div>
      </div>
      <DragOverlay dropAnimation={null}>
        <Carried />
      </DragOverlay>
      <StrandingDialog doubt={doubt} answer={answer} />
    </DragDropProvider>
  );
}

const noMembers: readonly Member[] = [];

function NoGroups({ create }: { create: () => void }) {
  return (
    <div className={`panel ${classes.card}`}>
      There is no virtual server yet. A virtual server is a group of job servers; a task that is sent to it
      runs on the member that is best just then.{' '}
      <Button size="compact-sm" variant="light" onClick={create}>
        Make the first group
      </Button>
    </div>
  );
}

/** What is seen under the pointer. */
function Carried() {
  const servers = useCarry((carried) => carried?.servers);
  const grip = useCarry((carried) => carried?.grip ?? 0);
  if (!servers) return null;
  return (
    <div className={classes.overlay} style={{ marginLeft: Math.max(0, grip - 30) }}>
      {namesOf(servers)}
    </div>
  );
}
