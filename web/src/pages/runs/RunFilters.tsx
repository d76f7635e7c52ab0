import { Badge, Button, Chip, MultiSelect, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks';
import { IconAdjustmentsHorizontal, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useState } from 'react';

import { Period } from '../../components/Period';
import { states } from '../../components/states';
import { useFilter, useFilters } from '../../components/useFilter';
import type { Search } from '../../components/useFilter';
import { filters } from '../../data/runList';
import type { RunFilter } from '../../data/runList';
import { servers } from '../../data/servers';
import { runStates } from '../../data/states';
import { taskNames } from '../../data/taskNames';
import { virtualServers } from '../../data/virtualServers';
import classes from './RunFilters.module.css';

export const causes = ['manual', 'trigger', 'plan', 'chain', 'api'];

/** The filter as it stands in the address. */
export function useRunFilter(): RunFilter {
  const [q] = useFilter('q');
  const [task] = useFilter('task');
  const [state] = useFilters('state');
  const [cause] = useFilters('cause');
  const [server] = useFilter('server');
  const [group] = useFilter('virtual_server');
  const [since] = useFilter('since');
  const [until] = useFilter('until');
  const [late] = useFilter('late');
  return { q, task, state, cause, server, virtual_server: group, since, until, late };
}

/** Filters runs by everything that they have; all of it stands in the address. On a phone the text alone is in sight. */
export function RunFilters({ filter }: { filter: RunFilter }) {
  const [, setState] = useFilters('state');
  const [, setCause] = useFilters('cause');
  const [open, { toggle }] = useDisclosure(false);
  const id = useId();
  const many = folded(filter);
  return (
    <div className={classes.filters} role="search" aria-label="Filter the runs">
      <SearchBox />
      <Button
        variant="default"
        size="sm"
        hiddenFrom="sm"
        className={classes.fold}
        leftSection={<IconAdjustmentsHorizontal size={16} aria-hidden />}
        rightSection={many > 0 && <Badge circle>{many}</Badge>}
        aria-label={many === 0 ? 'Filters' : `Filters, ${many} active`}
        aria-expanded={open}
        aria-controls={id}
        onClick={toggle}
      >
        Filters
      </Button>
      <div id={id} className={classes.fields} data-open={open || undefined}>
        <MultiSelect
          aria-label="State"
          placeholder={filter.state.length === 0 ? 'any state' : ''}
          data={runStates.map((state) => ({ value: state, label: states[state].word }))}
          value={filter.state}
          onChange={setState}
          w={{ base: '100%', sm: filter.state.length > 2 ? 330 : filter.state.length > 1 ? 240 : 140 }}
          size="sm"
          clearable
          comboboxProps={{ width: 200, position: 'bottom-start' }}
        />
        <Pick name="task" none="any task" options={useQuery(taskNames).data ?? []} />
        <Pick
          name="virtual_server"
          none="any virtual server"
          options={(useQuery(virtualServers).data ?? []).map((group) => group.name)}
        />
        <Pick
          name="server"
          none="any server"
          options={(useQuery(servers).data ?? []).map((server) => server.name)}
        />
        <MultiSelect
          aria-label="Asked for by"
          placeholder={filter.cause.length === 0 ? 'any cause' : ''}
          data={causes}
          value={filter.cause}
          onChange={setCause}
          w={{ base: '100%', sm: filter.cause.length > 1 ? 220 : 134 }}
          size="sm"
          clearable
          comboboxProps={{ width: 160, position: 'bottom-start' }}
        />
        <Period what="Asked for" since={filter.since} until={filter.until} />
        <Late late={filter.late} />
        {filters(filter) && <Clear filter={filter} />}
      </div>
    </div>
  );
}

/** How many of the filters that a phone folds away leave something out. A time from and to is one. */
export function folded(filter: RunFilter): number {
  const { task, state, cause, server, virtual_server: group, since, until, late } = filter;
  return [task, state, cause, server, group, since + until, late].filter((value) => value.length > 0).length;
}

function Clear({ filter }: { filter: RunFilter }) {
  const navigate = useNavigate();
  const clear = () =>
    void navigate({
      to: '.',
      search: (before: Search) =>
        Object.fromEntries(Object.entries(before).filter(([name]) => !(name in filter))),
      replace: true,
    });
  return (
    <Button variant="subtle" size="compact-sm" onClick={clear}>
      Clear
    </Button>
  );
}

/** Whether those alone are listed that did not start or end by when they were expected to, and have not ended. */
function Late({ late }: { late: string }) {
  const [, setLate] = useFilter('late');
  return (
    <Chip
      size="sm"
      variant="outline"
      checked={late === 'true'}
      onChange={(checked) => setLate(checked ? 'true' : '')}
      wrapperProps={{ title: 'Not started or ended by when it was expected to, and not ended yet' }}
    >
      late
    </Chip>
  );
}

interface PickProps {
  name: string;
  none: string;
  options: string[];
}

function Pick({ name, none, options }: PickProps) {
  const [value, set] = useFilter(name);
  const known = options.includes(value);
  return (
    <Select
      aria-label={none.replace('any ', '')}
      placeholder={none}
      // What stands in the address stays chosen, whether it exists or not.
      data={known || value === '' ? options : [...options, value]}
      value={value === '' ? null : value}
      onChange={(chosen) => set(chosen ?? '')}
      w={{ base: '100%', sm: none.length > 16 ? 172 : 134 }}
      size="sm"
      clearable
      searchable
      limit={200}
      comboboxProps={{ width: 'max-content', position: 'bottom-start' }}
    />
  );
}

/** Waits a little while one types, so that not every letter is asked for. */
function SearchBox() {
  const [q, setQ] = useFilter('q');
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  const settle = useDebouncedCallback(setQ, 250);
  return (
    <TextInput
      aria-label="Text in the id, task or reason"
      placeholder="id, task or reason"
      leftSection={<IconSearch size={15} aria-hidden />}
      value={text}
      w={{ base: 'auto', sm: 176 }}
      className={classes.text ?? ''}
      onChange={(event) => {
        setText(event.currentTarget.value);
        settle(event.currentTarget.value);
      }}
    />
  );
}
