// Job servers by the hundred, without a program for each: they join, and say how their hosts are, as agents do.

const beatMs = 10_000;

/** Does the work for each item, so many at a time. */
export async function each(items, width, work) {
  const waiting = [...items];
  const one = async () => {
    while (waiting.length > 0) await work(waiting.shift());
  };
  await Promise.all(Array.from({ length: width }, one));
}

/** Returns a share between 0 and 1 that wanders with time, for each host in its own way. */
const wandering = (host, now) => 0.5 + 0.45 * Math.sin(host * 1.7 + now / 20_000);

function sampleOf(host, now) {
  const cpu = wandering(host, now);
  const gigabyte = 2 ** 30;
  return {
    cpus: 8,
    cpuIdle: 1 - cpu,
    cpuTotal: cpu,
    load1: 8 * cpu,
    memoryTotal: 32 * gigabyte,
    memoryAvailable: Math.round(32 * gigabyte * (1 - wandering(host + 1, now))),
    diskTotal: 500 * gigabyte,
    diskFree: Math.round(500 * gigabyte * (1 - wandering(host + 2, 0))),
  };
}

/** Hosts of a fleet. The conductor is to be started with the heartbeat that is theirs. */
export class Crowd {
  static heartbeat = ['--heartbeat', `${beatMs / 1_000}s`];
  #fleet;
  #hosts = [];
  #timers = [];
  /** Why a heartbeat was refused, if one was. */
  failed;

  constructor(fleet) {
    this.#fleet = fleet;
  }

  get names() {
    return this.#hosts.map(({ name }) => name);
  }

  /** Joins so many servers, and keeps them online from then on until stop. */
  async join(count, slots) {
    const names = Array.from({ length: count }, (_, i) => `js-${String(i + 1).padStart(3, '0')}`);
    await each(names, 8, async (name) => {
      const { token } = await this.#fleet.post('/join-tokens', { name });
      const joined = await this.#call('Join', '', { token, name, kind: 'job', slots, agentVersion: 'none' });
      this.#hosts.push({ name, credential: joined.credential });
    });
    this.#hosts.sort((a, b) => a.name.localeCompare(b.name));
    await each(this.#hosts.entries(), 8, ([i, host]) => this.#beat(i, host));
    for (const [i, host] of this.#hosts.entries()) this.#keepBeating(i, host);
  }

  stop() {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #keepBeating(i, host) {
    const beat = () => this.#beat(i, host).catch((error) => (this.failed ??= error));
    // Hosts do not beat all at once.
    const begin = () => (this.#timers[i] = setInterval(beat, beatMs));
    this.#timers[i] = setTimeout(begin, (beatMs * i) / this.#hosts.length);
  }

  async #beat(i, { name, credential }) {
    const now = Date.now();
    const instance = `${'1'.padStart(16, '0')}-${name}`;
    await this.#call('Heartbeat', credential, {
      hello: { instance, bootId: name, agentVersion: 'none', clock: now * 1_000 },
      sample: sampleOf(i, now),
    });
  }

  async #call(method, credential, message) {
    const response = await fetch(`${this.#fleet.url}/segno.v1.ConductorService/${method}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        'Connect-Protocol-Version': '1',
        ...(credential ? { Authorization: `Bearer ${credential}` } : {}),
      },
      body: JSON.stringify(message),
    });
    if (!response.ok) throw new Error(`${method} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}

/** Changes of state at a steady rate: servers are drained and activated, runs wait and are cancelled, by turns. */
export class Changes {
  #fleet;
  #names;
  #task;
  #perMinute;
  #working;
  #made = 0;
  #begun;
  #over = false;

  constructor(fleet, { names, task, perMinute }) {
    this.#fleet = fleet;
    this.#names = names;
    this.#task = task;
    this.#perMinute = perMinute;
  }

  start() {
    this.#begun = Date.now();
    this.#working = Promise.all(Array.from({ length: 8 }, (_, i) => this.#work(i)));
    this.#working.catch(() => undefined); // stop tells.
  }

  /** Ends the changes, and returns how many there were in a minute. */
  async stop() {
    this.#over = true;
    await this.#working;
    return Math.round((this.#made * 60_000) / (Date.now() - this.#begun));
  }

  async #work(i) {
    for (let turn = i; !this.#over; turn++) {
      if (turn % 2 === 0) await this.#changeServer();
      else await this.#changeRun();
    }
  }

  async #changeServer() {
    const name = this.#names[Math.floor(Math.random() * this.#names.length)];
    await this.#due();
    await this.#fleet.post(`/servers/${name}/drain`, { reason: 'maintenance' });
    await this.#due();
    await this.#fleet.post(`/servers/${name}/activate`, {});
  }

  async #changeRun() {
    await this.#due();
    const { id } = await this.#fleet.post(`/tasks/${this.#task}/runs`, {});
    await this.#due();
    await this.#fleet.post(`/runs/${id}/cancel`, {});
  }

  /** Waits until the next change is due. */
  async #due() {
    const at = this.#begun + (this.#made++ * 60_000) / this.#perMinute;
    const left = at - Date.now();
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
  }
}
