// How large the core is, as a page loads it: bundled, minified, gzipped. Fails when it is over its limit.

import { buildSync } from 'esbuild';
import { gzipSync } from 'node:zlib';

/** Bytes. */
const LIMIT = 8 * 1024;

const { outputFiles } = buildSync({
  entryPoints: [new URL('../js/index.js', import.meta.url).pathname],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
});
const size = gzipSync(outputFiles[0].contents, { level: 9 }).length;
console.log(`channels-client: ${size} bytes minified and gzipped, of ${LIMIT}`);
process.exitCode = size > LIMIT ? 1 : 0;
