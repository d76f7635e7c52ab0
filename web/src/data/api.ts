// Requests to the conductor. The browser's session is a cookie, which the conductor sets and scripts cannot read.

import type { WirePage, WireProblem } from './wire';

const base = '/api/v1';

/** An answer that is not a success, or no answer at all (status 0). */
export class ApiError extends Error {
  readonly status: number;
  /** What is wrong with which field, as the conductor said. */
  readonly fields: readonly { field: string; reason: string }[];

  constructor(status: number, message: string, fields: readonly { field: string; reason: string }[] = []) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.fields = fields;
  }
}

/** Whether the caller has to sign in. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** Says for a person what went wrong. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export async function request(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(base + path, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if (init?.signal?.aborted) throw error;
    throw new ApiError(0, 'The conductor cannot be reached.');
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function errorOf(response: Response): Promise<ApiError> {
  return errorFrom(response.status, response.statusText, await response.text().catch(() => ''));
}

/** Makes an error of an answer that is none that was hoped for. */
function errorFrom(status: number, statusText: string, body: string): ApiError {
  try {
    const problem = JSON.parse(body) as Partial<WireProblem>;
    return new ApiError(status, problem.detail ?? problem.title ?? statusText, problem.errors ?? []);
  } catch {
    return new ApiError(status, `The conductor answered ${status} ${statusText}.`);
  }
}

export async function get<T>(path: string, signal: AbortSignal): Promise<T> {
  return (await (await request(path, { signal })).json()) as T;
}

/** Reads a list to its end, page by page, up to a bound. */
export async function getAll<T>(path: string, signal: AbortSignal, most = 5000): Promise<T[]> {
  const all: T[] = [];
  const more = path.includes('?') ? '&' : '?';
  let cursor = '';
  for (;;) {
    const page: WirePage<T> = await get(`${path}${more}limit=500${cursor}`, signal);
    all.push(...page.items);
    if (page.next_cursor === null || all.length >= most) return all;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}

interface SendOptions {
  body?: unknown;
  /** The version that must still be stored, or the change is refused with 412. */
  version?: number;
  signal?: AbortSignal;
}

/** Sends a change and returns the answer; undefined where there is none. */
export async function send<T>(
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  { body, version, signal }: SendOptions = {},
): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) {
    headers['Content-Type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  }
  if (version !== undefined) headers['If-Match'] = `"${version}"`;
  const response = await request(path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  });
  return (response.status === 204 ? undefined : await response.json()) as T;
}

interface SendFileOptions {
  /** Is told how many bytes were sent, now and then. */
  progress: (sent: number) => void;
  /** Ends it; the answer is then an error that is called AbortError. */
  signal: AbortSignal;
}

/** Sends a file of any length as it is, and returns the status and the answer. */
export function sendFile(
  path: string,
  file: Blob,
  { progress, signal }: SendFileOptions,
): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const stopped = () => reject(new DOMException('It was stopped.', 'AbortError'));
    if (signal.aborted) {
      stopped();
      return;
    }
    // Of all that a browser has, this alone tells how far it has got.
    const sending = new XMLHttpRequest();
    sending.open('PUT', base + path);
    sending.setRequestHeader('Content-Type', 'application/octet-stream');
    sending.upload.onprogress = ({ loaded }) => progress(loaded);
    sending.onload = () => {
      const { status, statusText, responseText } = sending;
      if (status < 200 || status > 299) reject(errorFrom(status, statusText, responseText));
      else resolve({ status, body: JSON.parse(responseText) as unknown });
    };
    sending.onerror = () =>
      reject(new ApiError(0, 'The connection to the conductor broke before it had answered.'));
    sending.onabort = stopped;
    signal.addEventListener('abort', () => sending.abort(), { once: true });
    sending.send(file);
  });
}

/** Makes a name part of a path. */
export function part(name: string): string {
  return encodeURIComponent(name);
}

export async function signIn(token: string): Promise<void> {
  await send('POST', '/session', { body: { token } });
}

export async function signOut(): Promise<void> {
  await send('DELETE', '/session');
}
