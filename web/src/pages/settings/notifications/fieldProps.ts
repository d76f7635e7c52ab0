import type { ChannelDraft } from '../../../data/channels';

/** What the fields of one kind of channel are given. */
export interface FieldProps {
  draft: ChannelDraft;
  change: (fields: Partial<ChannelDraft>) => void;
  /** What is wrong with a field, by its path in the API. */
  wrong: (field: string) => string | undefined;
}
