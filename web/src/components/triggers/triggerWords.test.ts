import { expect, it } from 'vitest';

import { triggerWords } from './triggerWords';

it.each([
  [{ cron: '30 2 * * 1-5', timezone: 'Europe/Paris' }, 'at 02:30, Monday through Friday (Europe/Paris)'],
  [{ cron: '0 30 2 * * *' }, 'at 02:30'],
  [{ cron: '*/10 * * * *' }, 'every 10 minutes'],
  [{ cron: 'not cron' }, 'not cron'],
  [{ every: '10m' }, 'every 10m'],
  [{ after: { task: 'load', on: 'ok' as const } }, 'after load has ended well'],
  [
    { file: { server: 'js-1', path: '/data/in', mask: '*.csv', on: 'modified' as const } },
    'when a file *.csv has changed in /data/in on js-1',
  ],
  [{ file: { virtual_server: 'etl', path: '/in' } }, 'when a file appears in /in on the servers of etl'],
  [{ webhook: { signature: 'github' as const } }, 'when its webhook is called, signed as GitHub does'],
  [{ webhook: {} }, 'when its webhook is called'],
])('says %j as “%s”', (spec, words) => {
  expect(triggerWords(spec)).toBe(words);
});
