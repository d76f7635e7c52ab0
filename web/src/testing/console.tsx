// Shows the console, or a part of it, with a conductor that gives prepared answers.

import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider, useQueryClient } from '@tanstack/react-query';
import { RouterProvider, createRootRoute, createRouter } from '@tanstack/react-router';
import { act, fireEvent, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, vi } from 'vitest';

import { Drafts, DraftsOfTab } from '../components/document/drafts';
import { newQueryClient } from '../queryClient';
import { newRouter, plainWords } from '../router';
import { theme } from '../theme';
import { aSummary } from './samples';

/** A request as an answer sees it. */
export interface Asked {
  url: URL;
  body: unknown;
  headers: Headers;
}

/** What is answered, by method and path, such as "GET /servers". */
export type Answers = Record<string, (asked: Asked) => Response | Promise<Response>>;

export const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
export const page = (...items: unknown[]) => json({ items, next_cursor: null });
export const problem = (status: number, detail: string) => json({ title: 'wrong', status, detail }, status);
export const nothing = () => new Response(null, { status: 204 });
/** A stream that says nothing. */
export const quiet = () => new Response(new ReadableStream());

/** The answers of a conductor that has nothing yet, to somebody who has signed in. */
export const signedIn: Answers = {
  'GET /session': () => json({ by: 'admin', expires_at: null }),
  'GET /events': (asked) => (asked.url.searchParams.has('follow') ? quiet() : page()),
  'GET /summary': () => json(aSummary()),
  'GET /triggers': () => page(),
  'GET /servers': () => page(),
  'GET /virtual-servers': () => page(),
  'GET /tasks': () => page(),
  'GET /plans': () => page(),
  'GET /calendars': () => page(),
  'GET /runs': () => page(),
  'GET /recoverable-runs': () => page(),
  'GET /forecast': () => page(),
  'GET /pauses': () => page(),
  'GET /archives': () => page(),
  'GET /rating-presets': () => json({ presets: [], metrics: [] }),
  'POST /virtual-servers/preview': () => page(),
};

/** Makes fetch give these answers. What has none is not found. */
export function answering(answers: Answers): void {
  vi.stubGlobal(
    'fetch',
    vi.fn(async (input: string, init?: RequestInit) => {
      const url = new URL(input, 'http://host');
      const answer = answers[`${init?.method ?? 'GET'} ${url.pathname.replace('/api/v1', '')}`];
      if (!answer) return problem(404, `there is nothing at ${url.pathname.replace('/api/v1', '')}`);
      const body: unknown = typeof init?.body === 'string' ? JSON.parse(init.body) : undefined;
      return answer({ url, body, headers: new Headers(init?.headers) });
    }),
  );
}

afterEach(() => vi.unstubAllGlobals());

/** Shows the console at an address. */
export function show(address: string, answers: Answers) {
  answering(answers);
  window.history.pushState({}, '', address);
  return render(
    <MantineProvider env="test" theme={theme}>
      <Notifications />
      <QueryClientProvider client={newQueryClient()}>
        <RouterProvider router={newRouter()} />
      </QueryClientProvider>
    </MantineProvider>,
  );
}

/** Shows a component that needs no address. */
export function showPart(part: ReactNode, answers: Answers = {}) {
  answering(answers);
  return render(
    <MantineProvider env="test" theme={theme}>
      <Notifications />
      <QueryClientProvider client={newQueryClient()}>{part}</QueryClientProvider>
    </MantineProvider>,
  );
}

/** Shows a component that links to pages or keeps filters in the address, without the frame of the console. */
export function showLinked(part: ReactNode, answers: Answers = {}, address = '/') {
  answering(answers);
  window.history.pushState({}, '', address);
  const everywhere = createRootRoute({ component: () => part, notFoundComponent: () => null });
  return render(
    <MantineProvider env="test" theme={theme}>
      <Notifications />
      <QueryClientProvider client={newQueryClient()}>
        <DraftsOfTab value={new Drafts()}>
          <RouterProvider router={createRouter({ routeTree: everywhere, ...plainWords })} />
        </DraftsOfTab>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

/** Stands beside a part, for news to ask anew for all that the part shows. */
export function News() {
  const queries = useQueryClient();
  return <button type="button" aria-label="news" onClick={() => void queries.invalidateQueries()} />;
}

/** Lets all be asked for anew, as events of the conductor do, and waits for the answers. No pointer moves for it. */
export async function news(): Promise<void> {
  fireEvent.click(screen.getByRole('button', { name: 'news' }));
  await act(() => new Promise((resolve) => setTimeout(resolve, 50)));
}
