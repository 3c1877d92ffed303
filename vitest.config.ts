import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// Tests import workspace packages as source, so that none of them waits for a build.
const ssr = { resolve: { conditions: ['@sporeprint/source', ...defaultServerConditions] } }

const project = (name: string, root: string, test: object = {}) => ({
  ssr,
  test: {
    name,
    root,
    include: ['**/*.test.ts'],
    exclude: ['**/dist/**', '**/node_modules/**'],
    pool: 'forks' as const,
    ...test,
  },
})

export default defineConfig({
  test: {
    projects: [
      project('metrics', 'packages/metrics'),
      project('explain', 'packages/explain'),
      project('tuning', 'packages/tuning'),
      // One software adapter fills every core: GPU test files run one after another.
      project('engine', 'packages/engine', { fileParallelism: false, testTimeout: 180_000, hookTimeout: 180_000 }),
      project('api', 'packages/api', { testTimeout: 60_000, hookTimeout: 60_000 }),
      project('web', 'packages/web'),
      project('server', 'apps/server', { fileParallelism: false, testTimeout: 180_000, hookTimeout: 180_000 }),
      project('test', 'test', {
        fileParallelism: false,
        testTimeout: 600_000,
        hookTimeout: 180_000,
        // A browser on a busy machine needs more than the usual second to load a page.
        expect: { poll: { timeout: 10_000 } },
      }),
    ],
  },
})
