// Why a run went where it went: the candidates of a choice with their ratings or the reasons against them.

import type { WirePlacement, WireVerdict } from './wire';

export interface Rating {
  /** 0 to 100. */
  points: number;
  /** 0 to 5, in halves. */
  stars: number;
}

export interface Term {
  indicator: string;
  value: number;
  /** The bounds within which the value costs nothing. */
  min: number;
  max: number;
  weight: number;
  /** What the term costs: 20 halve a rating of 100. */
  penalty: number;
}

export interface Candidate {
  server: string;
  rating: Rating | null;
  /** Why it was refused, or null for an eligible one. */
  refusal: string | null;
  /** Whether it is taken only where no other is eligible. */
  avoided: boolean;
  /** Points for holding the job's archive already. */
  bonus: number;
  slots: number;
  slotsUsed: number;
  /** Age of the sample that the rating rests on, in seconds; null without one. */
  sampleAge: number | null;
  terms: Term[];
}

export interface Placement {
  at: Date;
  chosen: string | null;
  reason: string;
  selection: string | null;
  /** The best first, the refused ones last. */
  candidates: Candidate[];
}

export function placementOf(w: WirePlacement): Placement {
  return {
    at: new Date(w.at),
    chosen: w.chosen ?? null,
    reason: w.reason,
    selection: w.selection ?? null,
    candidates: w.candidates.map(candidateOf),
  };
}

function candidateOf(w: WireVerdict): Candidate {
  const sampled = w.sample_age_ms >= 0;
  return {
    server: w.server,
    rating: sampled ? { points: w.rating, stars: w.stars } : null,
    refusal: w.refused ? (w.refused_because ?? w.refused) : null,
    avoided: w.avoided ?? false,
    bonus: w.bonus ?? 0,
    slots: w.slots,
    slotsUsed: w.slots_used,
    sampleAge: sampled ? w.sample_age_ms / 1000 : null,
    terms: (w.terms ?? []).map(({ indicator, value, min, max, weight, penalty }) => ({
      indicator,
      value,
      min,
      max,
      weight,
      penalty,
    })),
  };
}
