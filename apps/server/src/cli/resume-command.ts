import { relative } from 'node:path'

/** The command just given, `name` and what follows it, with what it needs to go on with what lies in `out`. */
export function resumeCommand(name: string, out: string): string {
  const words = process.argv.slice(process.argv.indexOf(name))
  if (!words.includes('--resume')) words.push('--resume')
  if (!words.some((word) => /^--out(=|$)/.test(word))) words.push('--out', relative('', out))
  return ['sporeprint', ...words]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
}
