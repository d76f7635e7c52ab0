// Makes packages of jobs for tests: a tar.gz with a script, and what says that it starts the package.

import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';

const block = 512;

/** A file of a tar archive, in the form that every tar reads. */
function entry(name, text) {
  const content = Buffer.from(text);
  const head = Buffer.alloc(block);
  const octal = (value, width) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  head.write(name, 0);
  head.write(octal(0o755, 8), 100);
  head.write(octal(0, 8), 108);
  head.write(octal(0, 8), 116);
  head.write(octal(content.length, 12), 124);
  head.write(octal(0, 12), 136);
  head.write('        ', 148);
  head.write('0', 156);
  head.write('ustar\0' + '00', 257);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((block - (content.length % block)) % block);
  return Buffer.concat([head, content, padding]);
}

/** Returns a package of files that may be executed, by their names. */
export function packed(files) {
  const entries = Object.entries(files).map(([name, text]) => entry(name, text));
  return gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * block)]));
}

/** Returns a package that runs a script of the shell. */
export function aPackage(script) {
  return packed({
    'run.sh': `#!/bin/sh\n${script}\n`,
    'segno.json': JSON.stringify({ command: ['./run.sh'] }),
  });
}
