// What the signed-in person may do. What one may not do is not offered: a page asks here before it shows a button. There
// is one administrator so far, who may do everything; accounts and roles will answer from here.

export type Act =
  | 'server.join'
  | 'server.mode'
  | 'server.declare-dead'
  | 'server.edit'
  | 'server.delete'
  | 'virtual-server.create'
  | 'virtual-server.edit'
  | 'virtual-server.delete'
  | 'virtual-server.group'
  | 'task.create'
  | 'task.edit'
  | 'task.delete'
  | 'run.start'
  | 'run.cancel'
  | 'run.reset'
  | 'run.restart'
  | 'run.recover'
  | 'run.pin'
  | 'plan.create'
  | 'plan.edit'
  | 'plan.delete'
  | 'plan.run'
  | 'archive.upload'
  | 'archive.delete'
  | 'settings.edit';

/** Returns a function that tells whether an act is allowed. */
export function useMay(): (act: Act) => boolean {
  return everything;
}

function everything(): boolean {
  return true;
}
