import { ActionIcon, Button, Group, Text } from '@mantine/core';
import { IconLayoutDistributeVertical, IconPlus, IconZoomIn, IconZoomOut } from '@tabler/icons-react';

import classes from './Canvas.module.css';
import { useEditing } from './editing';
import { addGroup } from './edits';

interface Props {
  zoom: number;
  setZoom: (zoom: number) => void;
  /** Forgets what was dragged; null where nothing was. */
  arrangeAnew: (() => void) | null;
  withYaml: boolean;
  showYaml: (shown: boolean) => void;
}

const zooms = [0.5, 0.65, 0.8, 1, 1.25, 1.5];

/** What can be done with the canvas as a whole. */
export function Toolbar({ zoom, setZoom, arrangeAnew, withYaml, showYaml }: Props) {
  const { spec, chosen, choose, apply, ask, readOnly } = useEditing();
  const at = zooms.indexOf(zoom);
  const follows = chosen?.kind === 'node' || chosen?.kind === 'group' ? chosen.name : null;
  const group = () => {
    const { spec: next, name } = addGroup(spec, chosen?.kind === 'node' ? [chosen.name] : []);
    if (apply({ spec: next }, `The group ${name} is added`)) choose({ kind: 'group', name });
  };
  return (
    <div className={classes.tools}>
      {!readOnly && (
        <>
          <Button
            size="xs"
            leftSection={<IconPlus size={14} aria-hidden />}
            onClick={() => ask({ kind: 'add', follows })}
          >
            Add a node…
          </Button>
          <Button size="xs" variant="default" onClick={group}>
            {chosen?.kind === 'node' ? `Group ${chosen.name}` : 'Add a group'}
          </Button>
        </>
      )}
      {arrangeAnew && (
        <Button
          size="xs"
          variant="default"
          leftSection={<IconLayoutDistributeVertical size={14} aria-hidden />}
          onClick={arrangeAnew}
        >
          Arrange anew
        </Button>
      )}
      <Group gap={4} wrap="nowrap">
        <ActionIcon
          variant="default"
          aria-label="Smaller"
          disabled={at <= 0}
          onClick={() => setZoom(zooms[at - 1] ?? zoom)}
        >
          <IconZoomOut size={16} aria-hidden />
        </ActionIcon>
        <Text size="xs" className="number" w={48} ta="center">
          {Math.round(zoom * 100)} %
        </Text>
        <ActionIcon
          variant="default"
          aria-label="Larger"
          disabled={at >= zooms.length - 1}
          onClick={() => setZoom(zooms[at + 1] ?? zoom)}
        >
          <IconZoomIn size={16} aria-hidden />
        </ActionIcon>
      </Group>
      <Button size="xs" variant="default" aria-pressed={withYaml} onClick={() => showYaml(!withYaml)}>
        YAML
      </Button>
    </div>
  );
}
