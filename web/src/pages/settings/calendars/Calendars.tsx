import { SettingsPage } from '../SettingsPage';

export function Calendars() {
  return <SettingsPage title="Calendars">{null}</SettingsPage>;
}
