import { useState } from 'react';
import type { ReactNode } from 'react';

import type { ArchiveVersion } from '../../data/archives';
import classes from './Archives.module.css';
import { useDropped } from './dropped';
import { UploadDialog } from './UploadDialog';
import type { UploadStart } from './UploadDialog';

interface Uploads {
  /** Opens the form of an upload. */
  begin: () => void;
  /** The dialog, and what shows that a file can be dropped; it stands anywhere on the page. */
  part: ReactNode;
}

interface UploadsOptions {
  /** The archive that gets a version; the form asks where it is not given. */
  name?: string;
  /** Whether a file that is dropped on the page begins an upload. */
  drop: boolean;
  uploaded: (stored: ArchiveVersion) => void;
}

/** The uploads of a page: by its button, or by a file that is dropped anywhere on it. */
export function useUploads({ name, drop, uploaded }: UploadsOptions): Uploads {
  const [start, setStart] = useState<UploadStart | null>(null);
  const of = name === undefined ? {} : { name };
  const over = useDropped(drop && start === null, (dropped) => setStart({ ...of, dropped }));
  return {
    begin: () => setStart(of),
    part: (
      <>
        {over && (
          <div className={classes.veil}>
            Drop the package to upload {name ? `a version of ${name}` : 'it'}
          </div>
        )}
        <UploadDialog start={start} close={() => setStart(null)} uploaded={uploaded} />
      </>
    ),
  };
}
