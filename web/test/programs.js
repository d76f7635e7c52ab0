// Starts the real programs for tests, each with its data in a folder of its own, and stops them again.

import { spawn } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = process.env.SEGNO_BIN ?? fileURLToPath(new URL('../../bin', import.meta.url));

/** Waits until the function returns something true, and returns that. Says what was waited for when it is too late. */
export async function until(what, check, ms = 20_000) {
  const end = Date.now() + ms;
  for (;;) {
    const got = await check();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited ${ms / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Kills the guards that the agents of a folder have left, as they are meant to, and what they keep. */
async function endGuards(folder) {
  await until('the guards have ended', async () => {
    const left = [];
    for (const pid of (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))) {
      const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (words.includes(`${folder}/`)) left.push(Number(pid));
    }
    for (const pid of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
    return left.length === 0;
  });
}

/** A conductor with its job servers. */
export class Fleet {
  #folder;
  #port;
  #programs = new Set();
  #conductor;
  #more = [];
  token = '';

  get url() {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts the conductor, with further words on its command line. */
  async start(...more) {
    this.#more = more;
    this.#folder = await mkdtemp(join(tmpdir(), 'segno-browser-'));
    this.#port = await freePort();
    await this.startConductor();
  }

  async startConductor() {
    const data = join(this.#folder, 'conductor');
    this.#conductor = this.#spawn('conductor', [
      'serve',
      '--data',
      data,
      '--listen',
      `127.0.0.1:${this.#port}`,
      ...this.#more,
    ]);
    await until('the conductor is ready', async () => {
      if (this.#conductor.exitCode !== null)
        throw new Error(`the conductor ended:\n${this.#conductor.output}`);
      return fetch(`${this.url}/readyz`).then(
        (answer) => answer.ok,
        () => false,
      );
    });
    this.token = (await readFile(join(data, 'admin-token'), 'utf8')).trim();
  }

  async killConductor() {
    await this.#end(this.#conductor, 'SIGKILL');
  }

  /** Kills a job server as a host dies: its agent, its guard and what they keep, all at once. */
  async killServer(name) {
    const folder = join(this.#folder, name);
    for (const child of this.#programs) {
      if (child.spawnargs.includes(folder)) child.kill('SIGKILL');
    }
    await endGuards(folder);
  }

  /** Starts the agent of a job server that has joined before, and waits until it is online. */
  async startServer(name) {
    this.#spawn('jobserver', ['run', '--data', join(this.#folder, name)]);
    await until(
      `${name} is online again`,
      async () => (await this.get(`/servers/${name}`)).status === 'online',
    );
  }

  /** Joins a job server and waits until it is online with a sample. */
  async join(name, slots) {
    const data = join(this.#folder, name);
    const { token } = await this.post('/join-tokens', { name });
    const joining = this.#spawn('jobserver', [
      'join',
      ...[
        '--conductor',
        this.url,
        '--token',
        token,
        '--data',
        data,
        '--name',
        name,
        '--slots',
        String(slots),
      ],
    ]);
    await until(`${name} has joined`, () => joining.exitCode !== null);
    if (joining.exitCode !== 0)
      throw new Error(`jobserver join ended with ${joining.exitCode}:\n${joining.output}`);
    this.#spawn('jobserver', ['run', '--data', data]);
    await until(`${name} is online`, async () => {
      const server = await this.get(`/servers/${name}`);
      return server.status === 'online' && server.load !== null;
    });
  }

  /** Runs a line in a shell, as on a host: its data is in a folder of the fleet's. */
  runOnHost(line) {
    const folder = join(this.#folder, 'host');
    const there = line.replaceAll('/var/lib/segno-jobserver', folder);
    this.#spawn('/bin/sh', ['-c', there], { ...process.env, PATH: `${bin}:${process.env.PATH}` });
  }

  get(path) {
    return this.request('GET', path);
  }

  post(path, body) {
    return this.request('POST', path, body);
  }

  /** Uploads bytes as they are. */
  async put(path, content) {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method: 'PUT',
      headers: { Authorization: `Bearer ${this.token}`, 'Content-Type': 'application/octet-stream' },
      body: content,
    });
    if (!response.ok) throw new Error(`PUT ${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }

  /** Asks the API; undefined for an answer without a body. */
  async request(method, path, body) {
    const answer = await this.answer(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Asks the API, and returns the status and the body of whatever it answers. */
  async answer(method, path, body) {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body ? { 'Content-Type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) };
  }

  #spawn(program, args, env = process.env) {
    const child = spawn(resolve(bin, program), args, {
      cwd: this.#folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (child.output += text));
    }
    child.ended = new Promise((resolve) => child.once('exit', resolve));
    child.once('error', (error) => (child.output += error.message));
    this.#programs.add(child);
    return child;
  }

  async #end(child, signal) {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await child.ended;
    this.#programs.delete(child);
  }

  /** Ends all programs, the conductor last, and removes what they kept. */
  async stop() {
    for (const child of [...this.#programs].reverse()) await this.#end(child, 'SIGTERM');
    if (this.#folder) await endGuards(this.#folder);
    if (this.#folder)
      await rm(this.#folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}
