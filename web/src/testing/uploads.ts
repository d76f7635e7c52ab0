// A browser's way to send files, as far as the console uses it.

import { afterEach, vi } from 'vitest';

/** One file on its way. */
export class SentFile {
  static all: SentFile[] = [];
  upload: { onprogress: (event: { loaded: number }) => void } = { onprogress: () => undefined };
  onload: () => void = () => undefined;
  onerror: () => void = () => undefined;
  onabort: () => void = () => undefined;
  status = 0;
  statusText = '';
  responseText = '';
  method = '';
  path = '';
  headers: Record<string, string> = {};
  file: unknown;

  open(method: string, path: string) {
    this.method = method;
    this.path = path;
  }

  setRequestHeader(name: string, value: string) {
    this.headers[name] = value;
  }

  send(file: unknown) {
    this.file = file;
    SentFile.all.push(this);
  }

  abort() {
    this.onabort();
  }

  /** Answers it. */
  answer(status: number, body: unknown) {
    this.status = status;
    this.responseText = JSON.stringify(body);
    this.onload();
  }
}

/** Has files sent to the test. */
export function catchUploads(): void {
  SentFile.all = [];
  vi.stubGlobal('XMLHttpRequest', SentFile);
}

afterEach(() => vi.unstubAllGlobals());
