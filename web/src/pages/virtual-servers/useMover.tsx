import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';

import { done, failed } from '../../components/notices';
import type { Effect, VirtualServer } from '../../data/virtualServers';
import { arrangeMembers, preview, putMember, takeMember, virtualServers } from '../../data/virtualServers';
import { draftsOf, inverseOf, saying, stepsOf } from './moves';
import type { Move, Step } from './moves';

/** A move that waits for a word, because tasks would lose their last eligible server. */
export interface Doubt {
  move: Move;
  stranded: string[];
}

async function make(steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step.do === 'arrange') await arrangeMembers(step.group, step.members);
    else if (step.do === 'take') await takeMember(step.group, step.server);
    else {
      const { position, weight } = step;
      await putMember(step.group, step.server, {
        ...(position === undefined ? {} : { position }),
        ...(weight === undefined ? {} : { weight }),
      });
    }
  }
}

/** Returns the tasks that a move would leave without a server, each once. */
export function strandedBy(effects: readonly Effect[]): string[] {
  return [...new Set(effects.flatMap(({ stranded }) => stranded))].sort();
}

/** Makes moves: at once where no task loses its last server, else after a word; with Undo after each. */
export function useMover() {
  const queries = useQueryClient();
  const [doubt, setDoubt] = useState<Doubt | null>(null);

  const carryOut = useCallback(
    async (move: Move) => {
      const { queryKey } = virtualServers;
      const before = queries.getQueryData(queryKey) ?? [];
      const steps = stepsOf(before, move);
      if (steps.length === 0) return;
      const back = inverseOf(before, move);
      const after = new Map(draftsOf(before, move).map((group) => [group.name, group]));
      const show = (groups: VirtualServer[]) => queries.setQueryData(queryKey, groups);
      const readAnew = () => queries.invalidateQueries({ queryKey });
      await queries.cancelQueries({ queryKey });
      show(before.map((group) => after.get(group.name) ?? group));
      try {
        await make(steps);
        done(saying(move), () => make(back).finally(readAnew));
      } catch (error) {
        show(before);
        failed(`${saying(move)}: it could not be done`, error);
      } finally {
        void readAnew();
      }
    },
    [queries],
  );

  const ask = useCallback(
    async (move: Move) => {
      const drafts = draftsOf(queries.getQueryData(virtualServers.queryKey) ?? [], move);
      if (drafts.length === 0) return;
      try {
        // The ghost's own question ends with the ghost, which a drop takes away.
        const stranded = strandedBy(await preview(drafts));
        if (stranded.length > 0) setDoubt({ move, stranded });
        else await carryOut(move);
      } catch (error) {
        failed(`${saying(move)}: its effect could not be foretold, and nothing was done`, error);
      }
    },
    [queries, carryOut],
  );

  const answer = (yes: boolean) => {
    setDoubt(null);
    if (yes && doubt) void carryOut(doubt.move);
  };
  return { move: ask, doubt, answer };
}

export type Mover = (move: Move) => Promise<void>;
