import {
  ActionIcon,
  Group,
  Kbd,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core';
import {
  IconAlertTriangle,
  IconCircleCheck,
  IconKeyboard,
  IconLogout,
  IconMoon,
  IconPlugConnected,
  IconPlugConnectedX,
  IconSearch,
  IconSun,
} from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { useDrafts } from '../components/document/drafts';
import { instantTitle, useNow } from '../components/instants';
import { failed } from '../components/notices';
import { signOut } from '../data/api';
import { useAttentionCounts } from '../data/attention';
import { useConnected } from '../data/live';
import { session } from '../data/session';
import classes from './Shell.module.css';

/** The bar above every page: where to jump, what needs attention, the connection, the clock and the way out. */
export function TopBar({ openJump, openShortcuts }: { openJump: () => void; openShortcuts: () => void }) {
  return (
    <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="sm">
      <Link to="/" className={classes.brand} aria-label="Segno: overview">
        <img src="/icon.svg" width={24} height={24} alt="" />
        Segno
      </Link>
      <Group gap="md" wrap="nowrap">
        <button type="button" className={classes.jump} onClick={openJump} aria-label="Jump to…">
          <IconSearch size={15} aria-hidden />
          <Text component="span" size="sm" visibleFrom="sm">
            Jump to…
          </Text>
          <Kbd size="xs" visibleFrom="md">
            Ctrl K
          </Kbd>
        </button>
        <Attention />
        <Connection />
        <Clock />
        <Group gap={2} wrap="nowrap">
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Shortcuts"
            onClick={openShortcuts}
            visibleFrom="sm"
          >
            <IconKeyboard size={18} />
          </ActionIcon>
          <SchemeButton />
          <SignOutButton />
        </Group>
      </Group>
    </Group>
  );
}

const number = new Intl.NumberFormat();

/** How much needs attention, as a number that leads to the list of it. */
function Attention() {
  const { total, known } = useAttentionCounts();
  if (!known) return null;
  if (total === 0) {
    return (
      <Tooltip label="Nothing needs attention">
        <IconCircleCheck size={18} color="var(--tone-ok)" role="img" aria-label="Nothing needs attention" />
      </Tooltip>
    );
  }
  const many = total === 1 ? '1 thing needs' : `${number.format(total)} things need`;
  return (
    <Tooltip label={`${many} attention`}>
      <Link to="/" hash="attention" className={classes.attention} aria-label={`${many} attention`}>
        <IconAlertTriangle size={14} aria-hidden />
        <span className="number">{number.format(total)}</span>
      </Link>
    </Tooltip>
  );
}

function Connection() {
  const connected = useConnected();
  const word = connected === null ? 'connecting' : connected ? 'live' : 'connection lost';
  const Icon = connected === false ? IconPlugConnectedX : IconPlugConnected;
  const tone = connected === null ? 'idle' : connected ? 'ok' : 'warn';
  return (
    <span className={classes.connection} role="status" aria-label={word} title={word}>
      <Icon size={16} color={`var(--tone-${tone})`} aria-hidden />
      <Text component="span" size="xs" visibleFrom="sm">
        {word}
      </Text>
    </span>
  );
}

const clockText = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});

/** The time in the browser's zone; on hovering, in UTC too. */
function Clock() {
  const now = new Date(useNow());
  return (
    <Text
      component="time"
      className={`${classes.clock} number`}
      title={instantTitle(now)}
      tabIndex={0}
      visibleFrom="md"
    >
      {clockText.format(now)}
    </Text>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'light' ? 'dark' : 'light';
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={`Use ${other} colours`}
      onClick={() => setColorScheme(other)}
    >
      {other === 'dark' ? <IconMoon size={18} /> : <IconSun size={18} />}
    </ActionIcon>
  );
}

function SignOutButton() {
  const queries = useQueryClient();
  const drafts = useDrafts();
  const leave = async () => {
    await signOut();
    drafts.forget();
    // The session first, as its answer takes the pages away: what they still show cannot be let go of.
    await queries.resetQueries({ queryKey: session.queryKey });
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== session.queryKey[0] });
  };
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label="Sign out"
      onClick={() => {
        leave().catch((error: unknown) => failed('You are still signed in', error));
      }}
    >
      <IconLogout size={18} />
    </ActionIcon>
  );
}
