import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    // onnxruntime-node holds native state per process; forks keep test files apart.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
  },
});
