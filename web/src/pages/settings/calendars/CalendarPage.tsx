import { SettingsPage } from '../SettingsPage';

export function CalendarPage() {
  return <SettingsPage title="Calendar">{null}</SettingsPage>;
}
