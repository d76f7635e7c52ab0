import { Stack } from '@mantine/core';
import { Link, useLocation } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import { Page } from '../../components/Page';
import { Strip } from '../../components/Strip';
import classes from './Settings.module.css';
import { subjects } from './subjects';

interface SettingsPageProps {
  title: string;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** The frame of a sub-page of the settings: the way to the others above the page. */
export function SettingsPage(props: SettingsPageProps) {
  const { pathname } = useLocation();
  return (
    <Stack gap="md">
      <nav aria-label="Settings">
        <Strip shown={pathname} className={classes.nav}>
          <Link to="/settings" className={classes.link} activeOptions={{ exact: true }}>
            All settings
          </Link>
          {subjects.map(({ name, to, icon: Icon }) => {
            const active = pathname === to || pathname.startsWith(`${to}/`);
            return (
              <Link
                key={to}
                to={to}
                className={classes.link}
                data-active={active || undefined}
                aria-current={active ? 'page' : undefined}
              >
                <Icon size={15} stroke={1.7} aria-hidden />
                {name}
              </Link>
            );
          })}
        </Strip>
      </nav>
      <Page {...props} />
    </Stack>
  );
}
