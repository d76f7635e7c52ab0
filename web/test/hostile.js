// A fleet in which every field that takes a text holds markup, as somebody would write it who means ill.

import { fits } from './description.js';
import { packed } from './packages.js';
import { until } from './programs.js';
import { payload } from './visitor.js';

/** Whether a text has markup. */
const isHostile = (text) => text.includes('<img src=x');

/** What is tried where the whole payload has no room, or is refused for a sign in it. */
export const mark = '<img src=x onerror=window.hacked=1>';

/** A name that the rules for names allow, next to texts that may hold anything. */
export const name = 'hostile';
const quoted = `'${payload}'`;

/** Says all that a job may say: output in colours, progress, outputs, a checkpoint with a file; and fails. */
const job = `cat <<'END'
${payload}
END
printf '\\033[31m%s\\033[0m\\n' ${quoted}
jobserver progress 10 ${quoted}
jobserver output text=${quoted}
echo x > '${mark}.txt'
jobserver checkpoint ${quoted} '${mark}.txt' --label ${quoted} --instructions ${quoted} || exit 9
exit 3`;

const labels = { team: mark };

/** An iCalendar file whose summaries, zone and further lines are markup. */
export const icalendar = [
  'BEGIN:VCALENDAR',
  'VERSION:2.0',
  `PRODID:${payload}`,
  `X-WR-CALNAME:${payload}`,
  'BEGIN:VEVENT',
  `UID:${mark}`,
  'DTSTART;VALUE=DATE:20300105',
  `SUMMARY:${mark}`,
  `DESCRIPTION:${payload}`,
  `LOCATION:${payload}`,
  'END:VEVENT',
  'BEGIN:VEVENT',
  `UID:2${mark}`,
  'DTSTART;VALUE=DATE:20260101',
  'RRULE:FREQ=DAILY',
  `SUMMARY:${mark}`,
  'END:VEVENT',
  'END:VCALENDAR',
  '',
].join('\r\n');

/** The bodies of requests that are taken, each the first one of its operation being the one that others are made of. */
const bodies = [
  ['PATCH', '/servers/js-1', { description: payload, labels }],
  ['POST', '/virtual-servers', { name, description: payload, members: ['js-1'], labels }],
  [
    'POST',
    '/tasks',
    {
      name,
      description: payload,
      target: { virtual_server: name },
      job: { script: { interpreter: ['/bin/sh'], text: job }, env: { TEXT: payload } },
      params: { text: payload },
      labels,
      triggers: [{ name: 'own', cron: '0 3 * * *' }],
    },
  ],
  [
    'POST',
    '/tasks',
    { name: 'command', target: { server: 'js-1' }, job: { command: ['echo', payload] }, requires: labels },
  ],
  [
    'POST',
    '/tasks',
    {
      name: 'steps',
      target: { virtual_server: name },
      job: { steps: [{ name: 'first', command: ['echo', payload], keep: [mark] }] },
      on_unavailable: [
        { after: '1m', do: 'recover' },
        { after: '10m', do: 'reset' },
      ],
    },
  ],
  [
    'POST',
    '/tasks',
    {
      name: 'script',
      target: { server: 'js-1' },
      job: { script: { interpreter: ['/bin/sh', payload], text: 'true' } },
    },
  ],
  [
    'POST',
    '/virtual-servers',
    {
      name: 'rated',
      members: ['js-1'],
      rating: { indicators: [{ name: 'cpu_idle', min: 0.1, max: 1, weight: 10 }] },
    },
  ],
  ['POST', '/virtual-servers', { name: 'talend', members: ['js-1'], rating: 'talend' }],
  ['POST', '/virtual-servers/preview', { virtual_servers: [{ name: 'rated', members: ['js-1'] }] }],
  ['POST', '/concurrency-groups', { name, description: payload, max_concurrent: 2 }],
  [
    'POST',
    '/calendars',
    {
      name,
      description: payload,
      entries: [
        { name: payload, date: '2026-12-24' },
        { name: payload, date: '12-25', until: '12-26', hours: ['22:00-06:00'] },
        { weekdays: ['sun'] },
      ],
      icalendar,
    },
  ],
  ['POST', '/calendars/preview', { entries: [{ name: payload, date: '2026-12-24' }] }],
  [
    'POST',
    `/tasks/${name}/triggers`,
    { name: 'clock', cron: '0 2 * * *', description: payload, params: { text: payload }, calendar: name },
  ],
  [
    'POST',
    `/tasks/${name}/triggers`,
    { name: 'files', file: { server: 'js-1', path: '/tmp', mask: `${mark}*` } },
  ],
  [
    'POST',
    `/tasks/${name}/triggers`,
    { name: 'folder', file: { server: 'js-1', path: `/tmp/${mark}`, mask: '*' } },
  ],
  [
    'POST',
    `/tasks/${name}/triggers`,
    { name: 'called', webhook: { signature: 'none' }, description: payload },
  ],
  ['POST', `/tasks/${name}/triggers/called/webhook-secrets`, { signing_key: payload }],
  ['POST', `/tasks/${name}/triggers/clock/pause`, { reason: payload }],
  ['POST', '/tasks/command/pause', { reason: payload }],
  [
    'POST',
    '/notifications/channels',
    {
      name,
      description: payload,
      webhook: {
        url: `http://127.0.0.1:9/${mark.replaceAll(' ', '/')}`,
        secret: payload,
        headers: { 'X-Text': mark },
      },
    },
  ],
  [
    'POST',
    '/notifications/channels',
    {
      name: 'mail',
      description: payload,
      email: {
        host: '127.0.0.1',
        port: 9,
        security: 'tls',
        username: payload,
        password: payload,
        from: `"${mark}" <from@segno.example>`,
        to: [`"${mark}" <to@segno.example>`],
      },
    },
  ],
  [
    'POST',
    '/notifications/rules',
    { name, description: payload, events: ['run_failed'], channels: [name, 'mail'], labels },
  ],
  [
    'POST',
    '/notifications/rules',
    { name: 'idle', events: ['run_late'], channels: [name], tasks: [mark], plans: [mark], servers: [mark] },
  ],
  [
    'POST',
    '/plans',
    {
      name,
      description: payload,
      params: { text: payload },
      labels,
      nodes: [
        { name: 'first', task: name, params: { text: payload } },
        { name: 'second', task: 'steps' },
        { name: 'third', task: 'steps' },
      ],
      groups: [{ name: 'both', nodes: ['second', 'third'] }],
      edges: [{ from: 'first', to: 'both', on: 'ok' }],
      triggers: [{ name: 'own', cron: '0 3 * * *' }],
    },
  ],
  [
    'POST',
    `/plans/${name}/triggers`,
    { name: 'hourly', cron: '@hourly', params: { text: payload }, description: payload },
  ],
  [
    'POST',
    '/tasks',
    {
      name: 'again',
      target: { server: 'js-1' },
      job: { command: ['false'] },
      retries: { max: 3, backoff: '1h' },
    },
  ],
  ['POST', '/tasks', { name: 'long', target: { server: 'js-1' }, job: { command: ['sleep', '600'] } }],
  [
    'POST',
    '/tasks',
    {
      name: 'waits',
      target: { virtual_server: name },
      job: { command: ['true'], run_as: 'nobody' },
      concurrency_groups: [name],
      requires: labels,
      expect: { start_by: '05:00', finish_by: '06:00', timezone: 'Europe/Paris' },
    },
  ],
  [
    'POST',
    '/tasks/waits/triggers',
    {
      name: 'early',
      cron: '0 4 * * *',
      timezone: 'Europe/Paris',
    },
  ],
  ['POST', '/tasks/long/triggers', { name: 'after', after: { task: name, on: 'error' } }],
];

/** The hostile fleet, once it is there. */
export class Hostile {
  /** The operations that were asked for, each with the first body that it was given. */
  bodies = new Map();
  /** The fields of requests that were taken with markup in them, such as "NewTask.description". */
  taken = new Set();
  #fleet;
  #description;

  constructor(fleet, description) {
    this.#fleet = fleet;
    this.#description = description;
  }

  /** Writes markup wherever it can be written, and lets runs say and do the same. */
  async make() {
    await this.#fleet.put(
      '/archives/plain/versions/1.0',
      packed({
        'segno.json': JSON.stringify({ command: [mark, payload] }),
        [`${mark}.txt`]: mark,
      }),
    );
    await this.#fleet.put(
      '/archives/talend/versions/1.0',
      packed({
        'jobInfo.properties': `job=${mark}\njobVersion=${mark}\ncontextName=${mark}\n`,
        [`${mark}/${mark}_run.sh`]: 'exit 3',
        [`${mark}/shop/contexts/${mark}.properties`]: `text=${mark}`,
      }),
    );
    for (const [method, path, body] of bodies) await this.ask(method, path, body);
    await this.ask('POST', '/tasks', {
      name: 'packed',
      target: { server: 'js-1' },
      job: { archive: { name: 'plain', command: ['sh', '-c', 'exit 3', payload] } },
    });
    await this.ask('POST', '/tasks', {
      name: 'talend',
      target: { server: 'js-1' },
      job: { archive: { name: 'talend', context: mark, args: [payload] } },
    });
    this.run = await this.#runToEnd(name, { params: { text: payload } });
    this.packed = await this.#runToEnd('packed');
    this.steps = await this.#runToEnd('steps');
    for (const task of ['again', 'waits']) await this.ask('POST', `/tasks/${task}/runs`, {});
    this.planRun = (await this.ask('POST', `/plans/${name}/runs`, { params: { text: payload } })).id;
    await until(
      'the plan run has failed',
      async () => (await this.#fleet.get(`/plan-runs/${this.planRun}`)).ended_at,
      60_000,
    );
    await until('two channels were to be told', async () => {
      const { items } = await this.#fleet.get('/notifications/deliveries');
      return [name, 'mail'].every((one) => items.some((d) => d.channel === one && d.last_error !== ''));
    });
    await this.ask('POST', '/servers/js-1/drain', { reason: payload });
    // It is refused, as the server answers, and stands in the audit log with its reason.
    this.#note('POST', '/servers/js-1/declare-dead', { reason: payload });
    await this.#fleet.answer('POST', '/servers/js-1/declare-dead', { reason: payload });
  }

  /** Sends a request, and writes down which of its fields had markup. */
  async ask(method, path, body) {
    const answer = await this.#fleet.request(method, path, body);
    this.#note(method, path, body);
    return answer;
  }

  #note(method, path, body) {
    const operation = this.#description
      .requests()
      .find((one) => one.method === method && fits(one.path, path));
    if (!operation) return;
    const key = `${method} ${operation.path}`;
    if (!this.bodies.has(key)) this.bodies.set(key, { path, body });
    this.#description.mapped(operation.schema, body, (text, field) => {
      if (isHostile(text)) this.taken.add(field);
      return text;
    });
  }

  async #runToEnd(task, body = {}) {
    const { id } = await this.ask('POST', `/tasks/${task}/runs`, body);
    await until(
      `the run of ${task} has ended`,
      async () => (await this.#fleet.get(`/runs/${id}`)).ended_at,
      60_000,
    );
    return id;
  }
}
