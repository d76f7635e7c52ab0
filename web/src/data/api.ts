// Requests to the conductor. The browser's session is a cookie, which the conductor sets and scripts cannot read.

import type { WireProblem } from './wire';

const base = '/api/v1';

/** An answer that is not a success, or no answer at all (status 0). */
export class ApiError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
  }
}

/** Whether the caller has to sign in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

export async function request(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(base + path, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if (init?.signal?.aborted) throw error;
    throw new ApiError(0, 'The conductor cannot be reached.');
  }
  if (!response.ok) {
    throw new ApiError(response.status, await detailOf(response));
  }
  return response;
}

async function detailOf(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as Partial<WireProblem>;
    return problem.detail ?? problem.title ?? response.statusText;
  } catch {
    return `The conductor answered ${response.status} ${response.statusText}.`;
  }
}

export async function get<T>(path: string, signal: AbortSignal): Promise<T> {
  return (await (await request(path, { signal })).json()) as T;
}

export async function signIn(token: string): Promise<void> {
  await request('/session', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token }),
  });
}

export async function signOut(): Promise<void> {
  await request('/session', { method: 'DELETE' });
}
