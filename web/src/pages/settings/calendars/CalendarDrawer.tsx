import { SideDialog } from '../../../components/Dialog';
import type { Calendar } from '../../../data/calendars';
import { CalendarForm } from './CalendarForm';

interface CalendarDrawerProps {
  /** The calendar to edit; null for a new one, undefined for none. */
  calendar: Calendar | null | undefined;
  close: () => void;
  saved?: (calendar: Calendar) => void;
}

/** Creates or edits a calendar beside the page. */
export function CalendarDrawer({ calendar, close, saved }: CalendarDrawerProps) {
  return (
    <SideDialog
      opened={calendar !== undefined}
      onClose={close}
      position="right"
      size="min(720px, 100vw)"
      title={calendar ? `Calendar ${calendar.name}` : 'New calendar'}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {calendar !== undefined && <CalendarForm calendar={calendar} close={close} saved={saved ?? noMore} />}
    </SideDialog>
  );
}

function noMore(): void {
  // The page shows what was saved by itself.
}
