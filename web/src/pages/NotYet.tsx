import { Code, List, Text } from '@mantine/core';

import { Page } from '../components/Page';

/** Stands in for a page that is not built yet, and says what does the same until then. */
export function NotYet({ title, meanwhile }: { title: string; meanwhile: string[] }) {
  return (
    <Page title={title}>
      <div className="panel" style={{ padding: 'var(--mantine-spacing-lg)' }}>
        <Text mb="xs">This page is not built yet.</Text>
        {meanwhile.length > 0 && (
          <>
            <Text mb={4}>The client does the same meanwhile:</Text>
            <List size="sm">
              {meanwhile.map((line) => (
                <List.Item key={line}>
                  <Code>{line}</Code>
                </List.Item>
              ))}
            </List>
          </>
        )}
      </div>
    </Page>
  );
}
