/** Two static pages, `/` and `/embed`, relative to the server's root. `npm run dev` serves them against a server on port 4100. */
import react from '@vitejs/plugin-react'
import { defaultClientConditions, defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ['@sporeprint/source', ...defaultClientConditions] },
  build: {
    target: 'es2023',
    rolldownOptions: { input: ['index.html', 'embed.html'] },
  },
  server: { proxy: { '/graphql': process.env.SPOREPRINT_SERVER ?? 'http://127.0.0.1:4100' } },
})
