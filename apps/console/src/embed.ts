/**
 * The page that other applications show in a frame: `/embed?theme=dark&run=<id>`. The view stays in memory, so that a frame adds
 * nothing to its host's history.
 */
import '@fontsource-variable/inter/wght.css'
import { mountConsole } from '@sporeprint/web'
import './page.css'
import { parseTheme } from './theme.ts'

const element = document.getElementById('console')
if (!element) throw new Error('embed.html lacks the #console element')

const query = new URLSearchParams(window.location.search)
const run = query.get('run')

mountConsole(element, {
  endpoint: '/graphql',
  theme: parseTheme(query.get('theme')),
  view: run ? { name: 'run', id: run } : { name: 'runs' },
})
