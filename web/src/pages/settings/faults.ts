import { ApiError, messageOf } from '../../data/api';

/** What the conductor found wrong with a form. */
export interface Faults {
  /** What is wrong with a field or with something below it, such as "to" for "to[2]". */
  at: (field: string) => string | undefined;
  /** What no field of the form shows. */
  rest: string[];
}

/** Shares out among the fields of a form what an error says of them. The form names all fields that it shows. */
export function faultsOf(error: unknown, shown: readonly string[]): Faults {
  if (error === null || error === undefined) return { at: () => undefined, rest: [] };
  const fields = error instanceof ApiError ? error.fields : [];
  const of = (field: string) => fields.filter((fault) => isBelow(fault.field, field));
  const rest = fields.filter((fault) => !shown.some((field) => isBelow(fault.field, field)));
  return {
    at: (field) => of(field)[0]?.reason,
    rest:
      fields.length === 0
        ? [messageOf(error)]
        : rest.map(({ field, reason }) => (field === '' ? `It ${reason}.` : `${field} ${reason}.`)),
  };
}

function isBelow(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
}
