import { mergePatch } from '../../components/document/document';
import type { DocumentKind, JsonObject } from '../../components/document/document';
import { DocumentEditor } from '../../components/document/DocumentEditor';
import { useDocument } from '../../components/document/useDocument';
import { useMay } from '../../data/permissions';
import { createTask, editTask } from '../../data/tasks';
import type { Task } from '../../data/tasks';
import { TaskForm } from './TaskForm';

interface Props {
  /** The task to edit; null for a new one. */
  task: Task | null;
  /** What a new task begins with. */
  first?: JsonObject;
  onSaved: (task: Task) => void;
}

const begun: JsonObject = {
  name: '',
  target: { virtual_server: '' },
  job: { script: { interpreter: ['/bin/sh'], text: 'echo hello\n' } },
};

const kind: DocumentKind = {
  noun: 'task',
  example: 'name: load-orders',
  order: [
    'name',
    'description',
    'target',
    'job',
    'params',
    'on_unavailable',
    'unavailable_after',
    'leave_running',
    'retries',
    'pause_on_error',
    'timeout',
    'stop_grace',
    'max_concurrent',
    'when_busy',
    'priority',
    'concurrency_groups',
    'max_queued',
    'max_queue_time',
    'expect',
    'resources',
    'requires',
    'labels',
    'output_limit',
    'retention',
  ],
};

/** A task as a form, and beside it as YAML. */
export function Editor({ task, first = begun, onSaved }: Props) {
  const may = useMay();
  const spec = (task?.spec ?? first) as unknown as JsonObject;
  const document = useDocument(kind, { spec, version: task?.version ?? null });
  return (
    <DocumentEditor
      document={document}
      readOnly={!may(task ? 'task.edit' : 'task.create')}
      save={({ base, spec }) =>
        task && base.version !== null
          ? editTask(task.name, mergePatch(base.spec, spec), base.version)
          : createTask(spec)
      }
      changes={[['tasks'], ['task']]}
      onSaved={onSaved}
    >
      <TaskForm isNew={task === null} />
    </DocumentEditor>
  );
}
