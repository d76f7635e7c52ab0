import { useState } from 'react';

import type { ArchiveVersion } from '../../data/archives';
import { Dialog } from '../Dialog';
import type { Dropped } from './dropped';
import { UploadForm } from './UploadForm';

/** What an upload begins with, as far as it is known. */
export interface UploadStart {
  /** The archive that it is a version of; the form asks where it is not given. */
  name?: string;
  dropped?: Dropped;
}

interface UploadDialogProps {
  /** Null while it is closed. */
  start: UploadStart | null;
  close: () => void;
  uploaded: (stored: ArchiveVersion) => void;
}

/** Uploads a version of an archive. While it is under way, the dialog is left by its buttons alone. */
export function UploadDialog({ start, close, uploaded }: UploadDialogProps) {
  const [busy, setBusy] = useState(false);
  return (
    <Dialog
      opened={start !== null}
      onClose={close}
      size="lg"
      title={start?.name ? `Upload a version of ${start.name}` : 'Upload an archive'}
      closeOnClickOutside={!busy}
      closeOnEscape={!busy}
      withCloseButton={!busy}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {start && (
        <UploadForm
          start={start}
          close={close}
          setBusy={setBusy}
          uploaded={(stored) => {
            close();
            uploaded(stored);
          }}
        />
      )}
    </Dialog>
  );
}
