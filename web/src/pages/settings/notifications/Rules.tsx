import { Button, Switch, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';

import { useAction } from '../../../components/useAction';
import { rules, setDisabled } from '../../../data/notices';
import type { Rule } from '../../../data/notices';
import { useMay } from '../../../data/permissions';
import { Collection } from '../Collection';
import { RuleForm } from './RuleForm';
import { ruleWords } from './ruleWords';

/** The rules, each as one sentence. */
export function Rules() {
  return (
    <Collection
      query={useQuery(rules)}
      word="rule"
      nothing="There is no rule yet, so nobody is told of anything. A good first one tells of failed and late runs and of servers that are unavailable."
      columns={['Name', 'Tells', 'In use']}
      row={(rule, edit) => <Row rule={rule} edit={edit} />}
      form={(rule, close) => <RuleForm rule={rule} close={close} />}
    />
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
