// A component has its test beside it: Chart.tsx has Chart.test.tsx, in the same folder.

import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';

/** What has no test of its own: the start of the page, which every browser test goes through, and what tests are made of. */
const excepted = [/^main\.tsx$/, /^testing\//];

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((path) =>
  path.replaceAll('\\', '/'),
);

it('finds the test of each component beside it', () => {
  const components = files.filter(
    (path) =>
      path.endsWith('.tsx') && !path.endsWith('.test.tsx') && !excepted.some((pattern) => pattern.test(path)),
  );
  expect(components.length).toBeGreaterThan(100);
  expect(components.filter((path) => !files.includes(path.replace(/\.tsx$/, '.test.tsx')))).toEqual([]);
});

it('excepts only what there is', () => {
  for (const pattern of excepted) expect(files.some((path) => pattern.test(path))).toBe(true);
});
