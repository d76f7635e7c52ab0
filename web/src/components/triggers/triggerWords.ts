// When a trigger fires, in plain language.

import cronstrue from 'cronstrue';

import { instantText } from '../instants';
import type { WireTriggerSpec } from '../../data/wire';

/** Says in words when a trigger fires, such as "at 02:30, Monday through Friday (Europe/Paris)". */
export function triggerWords(spec: Omit<WireTriggerSpec, 'name'>): string {
  const zone = spec.timezone ? ` (${spec.timezone})` : '';
  if (spec.cron !== undefined) return `${cronWords(spec.cron)}${zone}`;
  if (spec.every !== undefined) return `every ${spec.every}`;
  if (spec.at !== undefined) return `once, at ${instantText(new Date(spec.at))}`;
  if (spec.after) {
    const on = { ok: 'ended well', error: 'failed', any: 'ended' }[spec.after.on as string] ?? 'ended';
    return `after ${spec.after.task} has ${on}`;
  }
  if (spec.file) return fileWords(spec.file);
  if (spec.webhook) {
    const { signature = 'none' } = spec.webhook;
    return `when its webhook is called${signature === 'none' ? '' : `, signed as ${signature === 'github' ? 'GitHub does' : 'Standard Webhooks'}`}`;
  }
  return '';
}

function fileWords(file: NonNullable<WireTriggerSpec['file']>): string {
  const mask =
    file.mask === undefined || file.mask === '' || file.mask === '*' ? 'a file' : `a file ${file.mask}`;
  const event = { created: 'appears', modified: 'has changed', exists: 'is there or has changed' }[
    file.on ?? 'created'
  ];
  const where = file.virtual_server
    ? `on the servers of ${file.virtual_server}`
    : `on ${file.server === undefined || file.server === '' ? 'a server' : file.server}`;
  return `when ${mask} ${event} in ${file.path} ${where}`;
}

/** Says a cron expression in words; where it cannot be read, it stands as it is. */
export function cronWords(cron: string): string {
  try {
    const words = cronstrue.toString(cron, { use24HourTimeFormat: true, verbose: false });
    return words.charAt(0).toLowerCase() + words.slice(1);
  } catch {
    return cron;
  }
}
