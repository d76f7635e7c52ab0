import { describe, expect, it } from 'vitest';

import { seen } from './useFilter';

describe('a filter', () => {
  it('keeps what was typed meanwhile when the address catches up', () => {
    const typing = { stored: '', value: 'abc', sent: ['a', 'ab', 'abc'] };
    const later = seen(typing, 'ab');
    expect(later).toEqual({ stored: 'ab', value: 'abc', sent: ['abc'] });
    expect(seen(later, 'abc')).toEqual({ stored: 'abc', value: 'abc', sent: [] });
  });

  it('takes on what somebody else put into the address', () => {
    expect(seen({ stored: 'a', value: 'a', sent: [] }, 'other')).toEqual({
      stored: 'other',
      value: 'other',
      sent: [],
    });
  });
});
