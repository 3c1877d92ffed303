/**
 * `<sporeprint-console>` as one script file that needs nothing beside it. Vite's own `lib` mode keeps the white space of es
 * modules (103 kB instead of 90 kB with gzip), so the bundler's options are given directly.
 */
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  define: { 'process.env.NODE_ENV': '"production"' },
  build: {
    emptyOutDir: false,
    target: 'es2023',
    minify: true,
    rolldownOptions: {
      input: { 'sporeprint-console': 'src/element.ts' },
      preserveEntrySignatures: 'strict',
      output: { format: 'es', codeSplitting: false, entryFileNames: '[name].js' },
    },
  },
})
