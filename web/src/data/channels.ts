// Channels of notifications: ways to tell someone. Their secrets are written and never read.

import { queryOptions } from '@tanstack/react-query';

import { getAll, part, send } from './api';
import { milliseconds } from './instants';
import type { WireChannel, WireChannelTest } from './wire';

/**
 * A secret in a form. The API never shows it: `set` says whether there is one, and what is typed replaces it. `removed`
 * takes it away. `lost` tells that it was typed and is to be typed again.
 */
export interface SecretDraft {
  set: boolean;
  typed: string;
  removed: boolean;
  lost?: boolean;
}

export interface HeaderDraft {
  /** Tells the rows of a form apart while their names are typed. */
  key: number;
  name: string;
  value: SecretDraft;
}

export const securities = ['starttls', 'tls', 'none'] as const;
export const formats = ['segno', 'slack'] as const;

/** A channel as a form has it: by e-mail or by webhook. */
export interface ChannelDraft {
  name: string;
  description: string;
  kind: 'email' | 'webhook';
  paused: boolean;
  /** Such as 24h. */
  maxAge: string;
  maxTries: number;
  host: string;
  /** Null for the usual one. */
  port: number | null;
  security: (typeof securities)[number];
  username: string;
  password: SecretDraft;
  from: string;
  to: string[];
  url: SecretDraft;
  format: (typeof formats)[number];
  secret: SecretDraft;
  headers: HeaderDraft[];
}

export interface Channel extends ChannelDraft {
  /** Where it goes, without secrets. */
  address: string;
  version: number;
}

const noSecret: SecretDraft = { set: false, typed: '', removed: false };

export const emptyChannel: ChannelDraft = {
  name: '',
  description: '',
  kind: 'webhook',
  paused: false,
  maxAge: '24h',
  maxTries: 50,
  host: '',
  port: null,
  security: 'starttls',
  username: '',
  password: noSecret,
  from: '',
  to: [],
  url: noSecret,
  format: 'segno',
  secret: noSecret,
  headers: [],
};

const headerPath = 'webhook.headers.';

export function channelOf(wire: WireChannel): Channel {
  const secret = (path: string): SecretDraft => ({ ...noSecret, set: wire.secrets_set.includes(path) });
  const headers = wire.secrets_set.filter((path) => path.startsWith(headerPath));
  return {
    name: wire.name,
    description: wire.description ?? '',
    kind: wire.email ? 'email' : 'webhook',
    paused: wire.paused ?? false,
    maxAge: ageText(wire.max_age),
    maxTries: wire.max_tries ?? emptyChannel.maxTries,
    host: wire.email?.host ?? '',
    port: wire.email?.port ?? null,
    security: wire.email?.security ?? 'starttls',
    username: wire.email?.username ?? '',
    password: secret('email.password'),
    from: wire.email?.from ?? '',
    to: wire.email?.to ?? [],
    url: secret('webhook.url'),
    format: wire.webhook?.format ?? 'segno',
    secret: secret('webhook.secret'),
    headers: headers.map((path, key) => ({
      key,
      name: path.slice(headerPath.length),
      value: { ...noSecret, set: true },
    })),
    address: wire.address,
    version: wire.version,
  };
}

/** Takes out of a form the secrets that were typed: they are to be typed again. */
export function withoutTyped(draft: ChannelDraft): ChannelDraft {
  const lose = (secret: SecretDraft) => (secret.typed === '' ? secret : { ...secret, typed: '', lost: true });
  return {
    ...draft,
    password: lose(draft.password),
    url: lose(draft.url),
    secret: lose(draft.secret),
    headers: draft.headers.map((header) => ({ ...header, value: lose(header.value) })),
  };
}

/** Writes a length of time as people do: 24h0m0s is 24h. */
function ageText(text: string | undefined): string {
  if (text === undefined || Number.isNaN(milliseconds(text))) return emptyChannel.maxAge;
  return text.replace(/(?<=[hm])0s$/, '').replace(/(?<=h)0m$/, '');
}

/** What a patch says of a secret: nothing where it stays, null where it goes. */
function secretPatch(key: string, secret: SecretDraft): Record<string, string | null> {
  if (secret.typed !== '') return { [key]: secret.typed };
  return secret.removed && secret.set ? { [key]: null } : {};
}

function headersPatch(before: readonly HeaderDraft[], after: readonly HeaderDraft[]) {
  const gone = before.filter(({ name }) => !after.some((header) => header.name.trim() === name));
  return {
    ...Object.fromEntries(gone.map(({ name }) => [name, null])),
    ...Object.assign({}, ...after.map(({ name, value }) => secretPatch(name.trim(), value))),
  } as Record<string, string | null>;
}

/** Returns the merge patch that makes of one channel another one. Secrets that were not typed anew are left out of it. */
export function channelPatch(before: ChannelDraft, after: ChannelDraft): Record<string, unknown> {
  const common = {
    description: after.description,
    paused: after.paused,
    max_age: after.maxAge.trim() === '' ? null : after.maxAge.trim(),
    max_tries: after.maxTries,
  };
  if (after.kind === 'email') {
    const { host, port, security, username, from, to } = after;
    return {
      ...common,
      email: {
        host: host.trim(),
        port,
        security,
        username,
        from,
        to,
        ...secretPatch('password', after.password),
      },
    };
  }
  const headers = headersPatch(before.headers, after.headers);
  return {
    ...common,
    webhook: {
      format: after.format,
      ...secretPatch('url', after.url),
      ...secretPatch('secret', after.secret),
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
    },
  };
}

export const channels = queryOptions({
  queryKey: ['channels'],
  queryFn: async ({ signal }) =>
    (await getAll<WireChannel>('/notifications/channels', signal)).map(channelOf),
});

export async function createChannel(draft: ChannelDraft): Promise<Channel> {
  const body = withoutNull({ name: draft.name.trim(), ...channelPatch(emptyChannel, draft) });
  return channelOf(await send<WireChannel>('POST', '/notifications/channels', { body }));
}

function withoutNull(value: Record<string, unknown>): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value, (_, inner: unknown) => inner ?? undefined)) as Record<
    string,
    unknown
  >;
}

/** Changes a channel that is still as it was read. Secrets that were not typed anew stay as they are. */
export async function editChannel(before: Channel, draft: ChannelDraft): Promise<Channel> {
  const path = `/notifications/channels/${part(before.name)}`;
  const body = channelPatch(before, draft);
  return channelOf(await send<WireChannel>('PATCH', path, { body, version: before.version }));
}

export async function setPaused(channel: string, paused: boolean): Promise<void> {
  await send('PATCH', `/notifications/channels/${part(channel)}`, { body: { paused } });
}

export async function deleteChannel(name: string): Promise<void> {
  await send('DELETE', `/notifications/channels/${part(name)}`);
}

/** How a test went; the error is empty where the receiver has taken it. */
export interface ChannelTest {
  delivered: boolean;
  error: string;
  /** Such as 120ms. */
  took: string;
}

export async function testChannel(name: string): Promise<ChannelTest> {
  const { delivered, error, took } = await send<WireChannelTest>(
    'POST',
    `/notifications/channels/${part(name)}/test`,
  );
  return { delivered, error: error ?? '', took };
}
