// The texts of the API, by its description: which fields may hold any text, where they stand in a request or an answer.

const stampOrBytes = ['date-time', 'date', 'binary'];

/** What a page of a list goes on with: it is given back as it came. */
const cursor = 'next_cursor';

/** A conductor's description of its API. */
export class Description {
  #document;
  #markup;

  /** Reads the description; markup is a text that fields with a pattern do not permit. */
  static async of(fleet, markup) {
    const description = new Description();
    description.#document = await fleet.get('/openapi.json');
    description.#markup = markup;
    return description;
  }

  /** All operations with a JSON body: method, path with its parameters in braces, and schema. */
  requests() {
    return this.#operations().flatMap(({ method, path, operation }) => {
      const schema = operation.requestBody?.content?.['application/json']?.schema;
      return schema ? [{ method, path, schema }] : [];
    });
  }

  /** The schema of what a request that succeeds is answered with, null where that is no JSON. */
  answer(method, path) {
    const found = this.#operations()
      .filter((one) => one.method === method && fits(one.path, path))
      // A path that is written out goes before one with a parameter in its place.
      .sort((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
    const answers = Object.entries(found?.operation.responses ?? {});
    const good = answers.find(([status]) => status.startsWith('2'))?.[1];
    return good?.content?.['application/json']?.schema ?? null;
  }

  /** The texts of a schema: the field, and a path to it such as "job.steps[0].name". */
  *texts(schema, field = '', path = '', open = []) {
    const { name, own } = this.#resolve(schema);
    if (name && open.includes(name)) return;
    const within = name ? [...open, name] : open;
    const at = name ?? field;
    if (this.#isText(own)) yield { field: at, path };
    for (const part of choices(own)) yield* this.texts(part, at, path, within);
    if (own.items) yield* this.texts(own.items, `${at}[]`, `${path}[0]`, within);
    for (const [key, part] of Object.entries(own.properties ?? {})) {
      if (key === cursor) continue;
      yield* this.texts(part, `${at}.${key}`, path === '' ? key : `${path}.${key}`, within);
    }
    if (isSchema(own.additionalProperties)) {
      yield* this.texts(own.additionalProperties, `${at}{}`, `${path}.key`, within);
    }
  }

  /**
   * Returns the value with what `make` gives for each text in it, by the text and its field. Where `filled` is true, texts
   * that could be there and are not, or are null, are taken for empty ones.
   */
  mapped(schema, value, make, { filled = false, field = '' } = {}) {
    const { name, own } = this.#resolve(schema);
    const at = name ?? field;
    const part = choices(own).find((choice) => this.#takes(choice, value));
    const inner = (of, one, place) => this.mapped(of ?? {}, one, make, { filled, field: place });
    if (part) return inner(part, value, at);
    if (typeof value === 'string' || (value === null && filled && this.#isText(own))) {
      return this.#isText(own) ? make(value ?? '', at) : value;
    }
    if (Array.isArray(value)) {
      const all = value.length === 0 && filled && this.#isText(own.items ?? {}) ? [''] : value;
      return all.map((one) => inner(own.items, one, `${at}[]`));
    }
    if (value === null || typeof value !== 'object') return value;
    const absent = Object.keys(own.properties ?? {}).filter(
      (key) => filled && key !== cursor && !(key in value) && this.#isText(own.properties[key]),
    );
    return Object.fromEntries(
      [...Object.entries(value), ...absent.map((key) => [key, ''])].map(([key, one]) => {
        if (key === cursor) return [key, one];
        const known = own.properties?.[key];
        return [key, known ? inner(known, one, `${at}.${key}`) : inner(more(own), one, `${at}{}`)];
      }),
    );
  }

  #operations() {
    const methods = ['get', 'post', 'put', 'patch', 'delete'];
    return Object.entries(this.#document.paths).flatMap(([path, all]) =>
      methods.flatMap((m) => (all[m] ? [{ method: m.toUpperCase(), path, operation: all[m] }] : [])),
    );
  }

  #resolve(schema) {
    const name = schema.$ref?.split('/').at(-1);
    return name ? { name, own: this.#document.components.schemas[name] } : { own: schema };
  }

  #isText({ type, enum: words, format, pattern }) {
    if (![type].flat().includes('string') || words || stampOrBytes.includes(format)) return false;
    return pattern === undefined || new RegExp(pattern).test(this.#markup);
  }

  #takes(schema, value) {
    const { own } = this.#resolve(schema);
    const is = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    const types = [own.type].flat();
    if (own.enum && !own.enum.includes(value)) return false;
    return types.includes(is) || (is === 'number' && types.includes('integer'));
  }
}

const choices = ({ oneOf, anyOf, allOf }) => [...(oneOf ?? []), ...(anyOf ?? []), ...(allOf ?? [])];
const isSchema = (value) => typeof value === 'object' && value !== null;
const more = ({ additionalProperties }) => (isSchema(additionalProperties) ? additionalProperties : {});

/** Whether a path is one of a template such as /tasks/{name}. */
export function fits(template, path) {
  const [wanted, given] = [template.split('/'), path.split('/')];
  return (
    wanted.length === given.length && wanted.every((part, i) => part.startsWith('{') || part === given[i])
  );
}

/** Returns a copy of a body with a value at a path such as "job.steps[0].name". */
export function withValue(body, path, value) {
  const copy = JSON.parse(JSON.stringify(body));
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  let at = copy;
  steps.slice(0, -1).forEach((step, i) => {
    at[step] ??= /^[0-9]+$/.test(steps[i + 1]) ? [] : {};
    if (typeof at[step] !== 'object') at[step] = {};
    at = at[step];
  });
  at[steps.at(-1)] = value;
  return copy;
}
