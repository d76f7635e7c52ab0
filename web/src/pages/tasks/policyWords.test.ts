import { expect, it } from 'vitest';

import { comesTo, policyWords } from './policyWords';

const settings = { unavailableAfter: '2m', leaveRunning: false, grouped: true } as const;

it('says what each policy does, and when', () => {
  const of = (policy: 'wait' | 'reset' | 'restart' | 'recover') =>
    policyWords({ ...settings, policy }).join(' ');
  expect(of('wait')).toMatch(/The run waits for its server, for as long as it takes\.$/);
  expect(of('recover')).toMatch(
    /After 2 m, the run goes on from its last checkpoint, on the best-rated other server/,
  );
  expect(of('restart')).toMatch(/from the beginning/);
  expect(of('reset')).toMatch(/nothing starts it by itself\. By then the cut-off job has been stopped/);
});

it('tells the steps of a ladder in their order', () => {
  const words = policyWords({
    ...settings,
    policy: [
      { after: '10m', do: 'recover' },
      { after: '1h', do: 'reset' },
    ],
  });
  expect(words.slice(1, 3)).toEqual([
    'After 10 m, the run goes on from its last checkpoint, on the best-rated other server.',
    'After 1 h, a run that has no server by then is reset.',
  ]);
});

it('knows that a task bound to one server waits for it', () => {
  expect(policyWords({ ...settings, grouped: false, policy: 'restart' })[1]).toMatch(
    /once its server is there again/,
  );
});

it('warns where two may run at once', () => {
  expect(policyWords({ ...settings, leaveRunning: true, policy: 'reset' }).at(-1)).toMatch(/may overlap/);
});

it('leaves what is not set to the virtual server', () => {
  expect(policyWords({ ...settings, unavailableAfter: null, policy: null })[1]).toMatch(
    /policy of the virtual server/,
  );
});

it('tells what a policy comes to: what its first step that does not wait does', () => {
  expect(comesTo(null)).toBeNull();
  expect(comesTo('recover')).toBe('recover');
  expect(comesTo([{ after: '2m', do: 'wait' }])).toBe('wait');
  const waits = { after: '2m', do: 'wait' } as const;
  expect(comesTo([waits, { after: '10m', do: 'reset' }])).toBe('reset');
});
