import { Drawer, Modal } from '@mantine/core';
import type { DrawerProps, ModalProps } from '@mantine/core';

import { useFocusReturn } from './useFocusReturn';
import { useTopmost } from './useTopmost';

/**
 * A dialog over the page. However it is closed, the focus returns to what had it when the dialog was opened. Esc closes the
 * topmost dialog alone, so that what was typed below, before one jumped to somewhere and came back, is still there.
 */
export function Dialog({ closeOnEscape = true, ...props }: ModalProps) {
  useFocusReturn(props.opened);
  const topmost = useTopmost(props.opened);
  return <Modal returnFocus={false} closeOnEscape={topmost && closeOnEscape} {...props} />;
}

/** A dialog at the side of the page; as to focus and Esc it is as a Dialog. */
export function SideDialog({ closeOnEscape = true, ...props }: DrawerProps) {
  useFocusReturn(props.opened);
  const topmost = useTopmost(props.opened);
  return <Drawer returnFocus={false} closeOnEscape={topmost && closeOnEscape} {...props} />;
}
