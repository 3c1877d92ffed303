import '@fontsource-variable/inter/wght.css'
import { mountConsole } from '@sporeprint/web'
import './page.css'

const element = document.getElementById('console')
if (!element) throw new Error('index.html lacks the #console element')
mountConsole(element, { endpoint: '/graphql', routing: 'hash' })
