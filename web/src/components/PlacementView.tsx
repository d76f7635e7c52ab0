import { Text, VisuallyHidden } from '@mantine/core';
import { IconBan, IconCheck, IconRoute } from '@tabler/icons-react';

import type { Candidate, Placement } from '../data/placement';
import { Instant } from './instants';
import classes from './PlacementView.module.css';
import { Stars } from './Stars';

/**
 * Shows a choice among servers as a person would tell it: the sentence, then a bar for each candidate that is its rating,
 * and what its terms took from it. Refused ones stand below, with the reason.
 */
export function PlacementView({ placement }: { placement: Placement }) {
  return (
    <div>
      {placement.reason !== '' && (
        <Text fw={500} className={classes.sentence}>
          {placement.reason}
        </Text>
      )}
      <Text size="xs" c="dimmed" mb="sm">
        decided <Instant at={placement.at} />
        {placement.selection !== null && <> · selection {placement.selection}</>}
      </Text>
      {placement.candidates.length > 0 && (
        <>
          <div className={classes.scroll}>
            <table className={classes.table} aria-label="Candidates">
              <thead>
                <tr>
                  <th scope="col">Server</th>
                  <th scope="col">Rating</th>
                  <th scope="col" className={classes.wide}>
                    What it is made of
                  </th>
                  <th scope="col" className={classes.side}>
                    Slots
                  </th>
                  <th scope="col" className={classes.side}>
                    Sample
                  </th>
                </tr>
              </thead>
              <tbody>
                {placement.candidates.map((candidate) => (
                  <Row
                    key={candidate.server}
                    candidate={candidate}
                    chosen={candidate.server === placement.chosen}
                  />
                ))}
              </tbody>
            </table>
          </div>
          <Legend placement={placement} />
        </>
      )}
    </div>
  );
}

function Row({ candidate, chosen }: { candidate: Candidate; chosen: boolean }) {
  const refused = candidate.refusal !== null;
  return (
    <tr data-chosen={chosen || undefined} data-refused={refused || undefined}>
      <th scope="row">
        <span className={classes.name}>
          {chosen && <IconCheck size={15} color="var(--tone-ok)" aria-hidden />}
          {refused && <IconBan size={14} aria-hidden />}
          {candidate.avoided && !refused && <IconRoute size={14} aria-hidden />}
          {candidate.server}
        </span>
        {chosen && <span className={classes.chosen}>chosen</span>}
        {candidate.avoided && <span className={classes.avoided}>just left</span>}
      </th>
      {refused ? (
        <td colSpan={2} className={classes.refusal}>
          {candidate.refusal}
        </td>
      ) : (
        <>
          <td>
            <Stars rating={candidate.rating} />
          </td>
          <td className={classes.wide}>
            <TermBar candidate={candidate} />
          </td>
        </>
      )}
      <td className={`number ${classes.side}`}>
        {candidate.slotsUsed}/{candidate.slots}
      </td>
      <td className={`number ${classes.side}`}>
        {candidate.sampleAge === null ? '–' : `${candidate.sampleAge.toFixed(1)} s old`}
      </td>
    </tr>
  );
}

export interface Share {
  indicator: string;
  value: number;
  penalty: number;
  /** Points of 100 that the term took from the rating. */
  points: number;
}

/** Below this a penalty does not show in the rating. */
const leastPenalty = 0.05;

/** Returns what the terms took from a rating, the most first; together they make up what is missing to 100. */
export function sharesOf(candidate: Pick<Candidate, 'terms' | 'rating'>): Share[] {
  const costly = candidate.terms.filter((term) => term.penalty >= leastPenalty);
  const sum = costly.reduce((all, term) => all + term.penalty, 0);
  const missing = 100 - (candidate.rating?.points ?? 0);
  return costly
    .map(({ indicator, value, penalty }) => ({
      indicator,
      value,
      penalty,
      points: (missing * penalty) / sum,
    }))
    .sort((a, b) => b.penalty - a.penalty);
}

/** The order in which indicators get their patterns, the same for all candidates of a choice. */
function TermBar({ candidate }: { candidate: Candidate }) {
  const shares = sharesOf(candidate);
  const points = candidate.rating?.points ?? 0;
  return (
    <div className={classes.bar}>
      <span className={classes.kept} style={{ width: `${points}%` }} />
      {shares.map((share) => (
        <span
          key={share.indicator}
          className={classes.term}
          style={{ width: `${share.points}%`, '--hue': hueOf(share.indicator) } as React.CSSProperties}
          title={`${words(share.indicator)} ${shortNumber(share.value)}: −${share.points.toFixed(1)} points`}
        />
      ))}
      <VisuallyHidden>
        {shares.length === 0
          ? 'nothing is taken from it'
          : shares
              .map((s) => `${words(s.indicator)} ${shortNumber(s.value)} takes ${s.points.toFixed(1)}`)
              .join(', ')}
      </VisuallyHidden>
    </div>
  );
}

function Legend({ placement }: { placement: Placement }) {
  const named = [
    ...new Set(
      placement.candidates.flatMap((c) => (c.refusal === null ? sharesOf(c).map((s) => s.indicator) : [])),
    ),
  ];
  if (named.length === 0) return null;
  return (
    <div className={classes.legend} aria-hidden>
      <span>
        <i className={classes.kept} /> rating
      </span>
      {named.map((indicator) => (
        <span key={indicator}>
          <i className={classes.term} style={{ '--hue': hueOf(indicator) } as React.CSSProperties} />
          {words(indicator)}
        </span>
      ))}
    </div>
  );
}

/** Writes the name of an indicator as words. */
function words(indicator: string): string {
  return indicator.replaceAll('_', ' ').replace('cpu', 'CPU');
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Gives an indicator its hue, always the same one; neighbours in the presets differ well. */
function hueOf(indicator: string): number {
  const known = [
    'expected_stretch',
    'neighbour_delay',
    'memory_free',
    'load_per_cpu',
    'cpu_idle',
    'runs_per_slot',
    'work_time',
    'free_disk',
    'sample_age',
  ];
  const place = known.indexOf(indicator);
  if (place >= 0) return (28 + place * 67) % 360;
  return Array.from(indicator).reduce((sum, c) => (sum * 31 + c.charCodeAt(0)) % 360, 7);
}
