// Answers about notifications for tests.

import { page, signedIn } from '../../../testing/console';
import type { Answers } from '../../../testing/console';

export const chat = {
  name: 'chat',
  description: 'on duty',
  webhook: { format: 'segno' },
  secrets_set: ['webhook.url', 'webhook.secret'],
  address: 'https://chat.example',
  max_age: '24h0m0s',
  max_tries: 50,
  version: 3,
};

export const failures = {
  name: 'failures',
  events: ['run_failed', 'run_late'],
  tasks: ['load-*'],
  labels: { team: 'etl' },
  channels: ['chat'],
  version: 2,
};

export const dead = {
  id: 'D1',
  channel: 'chat',
  event: 'run_failed',
  title: 'load-orders failed',
  state: 'dead',
  tries: 50,
  next_at: null,
  last_error: 'the receiver answers 500',
  created_at: '2026-01-31T09:05:00Z',
  ended_at: '2026-01-31T10:05:00Z',
  notice: { text: 'load-orders failed: exit code 3', run: { id: '01J9' } },
};

export const answers: Answers = {
  ...signedIn,
  'GET /notifications/channels': () => page(chat),
  'GET /notifications/rules': () => page(failures),
  'GET /notifications/deliveries': () => page(dead),
};
