import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';

import type { Plugin } from 'vite';

const text = /\.(js|css|html|svg|json|txt|webmanifest)$/;
/** Smaller files fit into one packet as they are. */
const leastBytes = 1024;

/** Writes beside each text of the bundle what gzip makes of it at its best, for the conductor to serve. */
export function compressed(): Plugin {
  let folder = '';
  return {
    name: 'segno-compressed',
    apply: 'build',
    configResolved: (config) => {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle: async () => {
      for (const name of await readdir(folder, { recursive: true })) {
        if (!text.test(name)) continue;
        const plain = await readFile(join(folder, name));
        if (plain.length < leastBytes) continue;
        const small = await promisify(gzip)(plain, { level: constants.Z_BEST_COMPRESSION });
        if (small.length < plain.length) await writeFile(join(folder, `${name}.gz`), small);
      }
    },
  };
}
