import '@fontsource-variable/inter/wght.css'
import { mountConsole } from '@sporeprint/web'
import './page.css'
import { parseTheme } from './theme.ts'

const element = document.getElementById('console')
if (!element) throw new Error('index.html lacks the #console element')

const storageKey = 'sporeprint-theme'
mountConsole(element, {
  endpoint: '/graphql',
  routing: 'hash',
  theme: parseTheme(localStorage.getItem(storageKey)),
  onThemeChange: (theme) => localStorage.setItem(storageKey, theme),
})
