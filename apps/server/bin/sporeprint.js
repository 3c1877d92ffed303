#!/usr/bin/env -S node --conditions=@sporeprint/source
// The source runs as it is, by Node's type stripping; an older Node would fail with a riddle instead of this line.
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  console.error(
    `sporeprint: Node ${process.versions.node} is too old, 22.18 is needed: use npx sporeprint, which takes the clone's own Node 24`,
  )
  process.exit(1)
}
const { main } = await import('../src/main.ts')
process.exitCode = await main(process.argv.slice(2))
