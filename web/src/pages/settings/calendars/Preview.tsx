import { Button, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { calendarPreview } from '../../../data/calendars';
import type { CalendarDraft } from '../../../data/calendars';
import { yearFrom } from './year';
import { YearView } from './YearView';

/** For so long nothing is typed before the conductor is asked. */
const pauseMs = 400;

/** The coming year as a calendar that is not saved would have it, anew while one types; asked for once it is wanted. */
export function Preview({ draft }: { draft: CalendarDraft }) {
  const [wanted, setWanted] = useState(false);
  const [{ from, to }] = useState(() => yearFrom(new Date()));
  const [settled] = useDebouncedValue(draft, pauseMs);
  const { data, error } = useQuery({ ...calendarPreview(settled, from, to), enabled: wanted });
  return (
    <section aria-label="The coming year by it">
      <Button
        size="compact-sm"
        variant="light"
        aria-expanded={wanted}
        onClick={() => setWanted(!wanted)}
        mb="sm"
      >
        {wanted ? 'Hide the coming year' : 'Look at the coming year by it'}
      </Button>
      {wanted && error && (
        <Text size="sm" c="dimmed" role="status">
          It cannot be looked at while something is wrong or missing above.
        </Text>
      )}
      {wanted && !error && data && <YearView days={data} />}
    </section>
  );
}
