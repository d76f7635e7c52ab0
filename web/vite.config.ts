import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

import { compressed } from './compress.ts';

// The conductor that `npm run dev` passes requests on to.
const conductor = process.env.SEGNO_CONDUCTOR ?? 'http://127.0.0.1:7700';

export default defineConfig({
  plugins: [react(), compressed()],
  server: { proxy: { '/api': conductor } },
  build: {
    // The conductor's content security policy allows no data: scripts or fonts.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
  },
  test: {
    environment: 'jsdom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/testing/setup.ts'],
    css: false,
    maxWorkers: '100%',
    testTimeout: 60_000,
    reporters: ['default', './test/vitest-summary.js'],
  },
});
