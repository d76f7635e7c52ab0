import { SettingsPage } from '../SettingsPage';

export function Notifications() {
  return <SettingsPage title="Notifications">{null}</SettingsPage>;
}
