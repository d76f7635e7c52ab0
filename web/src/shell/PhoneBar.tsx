import { Menu } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import { Link, useLocation } from '@tanstack/react-router';

import { isAt, places } from './places';
import classes from './Shell.module.css';

/** The navigation at the bottom of a phone: the pages of every day, and the others behind "More". */
export function PhoneBar() {
  const { pathname } = useLocation();
  const others = places.filter((place) => !place.phone);
  return (
    <nav className={classes.bar} aria-label="Pages">
      {places
        .filter((place) => place.phone)
        .map((place) => {
          const active = isAt(place, pathname);
          return (
            <Link
              key={place.to}
              to={place.to}
              className={classes.tab}
              data-active={active || undefined}
              aria-current={active ? 'page' : undefined}
            >
              <place.icon size={20} stroke={1.7} aria-hidden />
              {place.short ?? place.name}
            </Link>
          );
        })}
      <Menu position="top-end" width={200}>
        <Menu.Target>
          <button
            type="button"
            className={classes.tab}
            data-active={others.some((place) => isAt(place, pathname)) || undefined}
          >
            <IconDots size={20} aria-hidden />
            More
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {others.map((place) => (
            <Menu.Item
              key={place.to}
              component={Link}
              to={place.to}
              leftSection={<place.icon size={18} aria-hidden />}
            >
              {place.name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </nav>
  );
}
