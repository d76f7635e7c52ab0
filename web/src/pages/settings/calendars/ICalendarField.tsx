import { Button, FileButton, Group, Input, Text } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useState } from 'react';

/** What the conductor takes. */
const mostBytes = 512 * 1024;

interface ICalendarFieldProps {
  text: string;
  error: string | undefined;
  change: (text: string) => void;
}

/** Reads an iCalendar file, whose events are days and hours too. */
export function ICalendarField({ text, error, change }: ICalendarFieldProps) {
  const [name, setName] = useState('');
  const [refused, setRefused] = useState('');
  const read = async (file: File | null) => {
    if (!file) return;
    if (file.size > mostBytes) {
      setRefused(
        `${file.name} has ${Math.ceil(file.size / 1024)} KiB; at most ${mostBytes / 1024} are taken`,
      );
      return;
    }
    setRefused('');
    setName(file.name);
    change(await file.text());
  };
  const events = text.match(/^BEGIN:VEVENT/gm)?.length ?? 0;
  return (
    <Input.Wrapper
      label="iCalendar file"
      labelElement="div"
      description="Its events are days and hours as well, such as the holidays of a country."
      error={refused || error}
    >
      <Group gap="xs" mt={4}>
        <FileButton accept=".ics,text/calendar" onChange={(file) => void read(file)}>
          {(props) => (
            <Button
              {...props}
              size="compact-sm"
              variant="light"
              leftSection={<IconUpload size={14} aria-hidden />}
            >
              {text === '' ? 'Read a file…' : 'Read another file…'}
            </Button>
          )}
        </FileButton>
        {text !== '' && (
          <>
            <Text size="sm">
              {name || 'A file'}: {events} {events === 1 ? 'event' : 'events'}
            </Text>
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              onClick={() => {
                setName('');
                change('');
              }}
            >
              Remove it
            </Button>
          </>
        )}
      </Group>
    </Input.Wrapper>
  );
}
