// What the API sends and takes, by short names. The types themselves are made from the API's description (schema.ts, by
// `make generate`). Only the files of this folder read them: each makes app types of its part of the wire, once.

import type { components, operations } from './schema';

type Schemas = components['schemas'];

/** The id of an operation of the API. */
export type WireOperation = keyof operations;

export interface WirePage<T> {
  items: T[];
  next_cursor: string | null;
}

export type WireProblem = Schemas['Problem'];
export type WireAbout = Schemas['About'];
export type WireSession = Schemas['Session'];
export type WireServer = Schemas['Server'];
export type WireVirtualServer = Schemas['VirtualServer'];
export type WireVirtualServerSpec = Schemas['VirtualServerSpec'];
export type WireVerdict = Schemas['Verdict'];
export type WirePlacement = Schemas['Placement'];
export type WireAttempt = Schemas['Attempt'];
export type WireRun = Schemas['Run'];
export type WireSummary = Schemas['Summary'];
export type WireTask = Schemas['Task'];
export type WireEvent = Schemas['Event'];
export type WireLogChunk = Schemas['LogChunk'];
export type WireLoadPoint = Schemas['LoadPoint'];
export type WireWhatIf = Schemas['WhatIf'];
export type WireJoinToken = Schemas['JoinToken'];
export type WireRecoverable = Schemas['Recoverable'];
export type WireCheckpoint = Schemas['Checkpoint'];
export type WireRunLoadPoint = Schemas['RunLoadPoint'];
export type WireSpan = Schemas['Span'];
// The document of a task or plan, without the triggers that it may be created with.
export type WireTaskSpec = Omit<Schemas['NewTask'], 'triggers'>;
export type WireEffect = Schemas['Effect'];
export type WireRatingPresets = Schemas['RatingPresets'];
export type WireForecast = Schemas['Forecast'];
export type WireTrigger = Schemas['Trigger'];
export type WireTriggerSpec = Schemas['TriggerSpec'];
export type WireTriggerWebhook = Schemas['TriggerWebhook'];
export type WireWebhookSecrets = Schemas['WebhookSecrets'];
export type WireWatch = Schemas['Watch'];
export type WirePreview = Schemas['Preview'];
export type WireOccurrence = Schemas['Occurrence'];
export type WireCalendar = Schemas['Calendar'];
export type WirePause = Schemas['Pause'];
export type WireCalendarDay = Schemas['CalendarDay'];
export type WireCalendarEntry = Schemas['CalendarEntry'];
export type WireChannel = Schemas['Channel'];
export type WireChannelTest = Schemas['ChannelTest'];
export type WireNotificationRule = Schemas['NotificationRule'];
export type WireDelivery = Schemas['Delivery'];
export type WireConcurrencyGroup = Schemas['ConcurrencyGroup'];
export type WirePlan = Schemas['Plan'];
export type WirePlanSpec = Omit<Schemas['NewPlan'], 'triggers'>;
export type WirePlanRun = Schemas['PlanRun'];
export type WirePlanNode = Schemas['PlanNode'];
export type WireDeed = Schemas['Deed'];
export type WireArchiveSummary = Schemas['ArchiveSummary'];
export type WireArchiveDetail = Schemas['ArchiveDetail'];
export type WireArchiveVersion = Schemas['ArchiveVersion'];
export type WireArchiveNeeds = Schemas['ArchiveNeeds'];
export type WireArchiveRuns = Schemas['ArchiveRuns'];
export type WireRetention = Schemas['Retention'];
