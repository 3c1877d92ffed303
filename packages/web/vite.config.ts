/** The package as modules, for bundlers: dependencies stay imports, styles travel inside as text. */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import manifest from './package.json' with { type: 'json' }

const dependencies = Object.keys(manifest.dependencies)
const isDependency = (id: string): boolean =>
  !id.includes('.css') && dependencies.some((name) => id === name || id.startsWith(`${name}/`))

export default defineConfig({
  plugins: [react()],
  build: {
    emptyOutDir: false,
    target: 'es2023',
    minify: false,
    sourcemap: true,
    rolldownOptions: {
      input: { index: 'src/index.ts', react: 'src/react.tsx' },
      preserveEntrySignatures: 'strict',
      external: isDependency,
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'console.js' },
    },
  },
})
