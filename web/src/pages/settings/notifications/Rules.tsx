import { Button, Drawer, Group, Stack, Switch, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { Answer } from '../../../components/Answer';
import { useAction } from '../../../components/useAction';
import { rules as rulesQuery, setDisabled } from '../../../data/notices';
import type { Rule } from '../../../data/notices';
import { useMay } from '../../../data/permissions';
import { Nothing } from '../Nothing';
import { RuleForm } from './RuleForm';
import { ruleWords } from './ruleWords';

/** The rules, each as one sentence. */
export function Rules() {
  const query = useQuery(rulesQuery);
  const may = useMay();
  // The rule that is edited, null for a new one; undefined for none.
  const [edited, setEdited] = useState<Rule | null | undefined>(undefined);
  const create = may('settings.edit') && (
    <Button size="xs" leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setEdited(null)}>
      New rule
    </Button>
  );
  return (
    <>
      <Answer
        query={query}
        what="The rules"
        empty={{
          when: (all) => all.length === 0,
          text: (
            <Nothing action={create}>
              There is no rule yet, so nobody is told of anything. A good first one tells of failed and late
              runs and of servers that are unavailable.
            </Nothing>
          ),
        }}
      >
        {(all) => (
          <Stack gap="sm">
            <Group justify="flex-end">{create}</Group>
            <div className="panel" style={{ overflowX: 'auto' }}>
              <Table aria-label="Rules" highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Name</Table.Th>
                    <Table.Th>Tells</Table.Th>
                    <Table.Th>In use</Table.Th>
                    <Table.Th aria-label="Actions" />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {all.map((rule) => (
                    <Row key={rule.name} rule={rule} edit={() => setEdited(rule)} />
                  ))}
                </Table.Tbody>
              </Table>
            </div>
          </Stack>
        )}
      </Answer>
      <Drawer
        opened={edited !== undefined}
        onClose={() => setEdited(undefined)}
        position="right"
        size="lg"
        title={edited ? `Rule ${edited.name}` : 'New rule'}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {edited !== undefined && (
          <RuleForm key={edited?.name ?? ''} rule={edited} close={() => setEdited(undefined)} />
        )}
      </Drawer>
    </>
  );
}

function Row({ rule, edit }: { rule: Rule; edit: () => void }) {
  const may = useMay();
  const turning = useAction((disabled: boolean) => setDisabled(rule.name, disabled), {
    failure: `${rule.name} stays as it is`,
    changes: [['notification-rules']],
  });
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600}>
          {rule.name}
        </Text>
        <Text size="xs" c="dimmed" lineClamp={2}>
          {rule.description}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm" miw={220}>
          {ruleWords(rule)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Switch
          size="sm"
          label={rule.disabled ? 'off' : 'on'}
          aria-label={`${rule.name} is in use`}
          checked={!rule.disabled}
          disabled={!may('settings.edit') || turning.isPending}
          onChange={(event) => turning.mutate(!event.currentTarget.checked)}
        />
      </Table.Td>
      <Table.Td ta="right">
        {may('settings.edit') && (
          <Button size="compact-sm" variant="subtle" aria-label={`Edit ${rule.name}`} onClick={edit}>
            Edit
          </Button>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
