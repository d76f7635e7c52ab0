import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

import { compressed } from './compress.ts';
import packages from './package.json' with { type: 'json' };

// The conductor that `npm run dev` passes requests on to.
const conductor = process.env.SEGNO_CONDUCTOR ?? 'http://127.0.0.1:7700';

const libraries = [
  ...Object.keys(packages.dependencies),
  'react/jsx-dev-runtime',
  'react-dom/client',
  '@testing-library/react',
  '@testing-library/user-event',
];

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
    // A library is one file, not thousands, which each file of tests would load anew.
    deps: { optimizer: { client: { enabled: true, include: libraries } } },
    testTimeout: 60_000,
    reporters: ['default', './test/vitest-summary.js'],
  },
});
