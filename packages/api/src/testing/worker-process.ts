/** A server with a worker as a process of its own, so that tests can kill it: `worker-process.ts OPTIONS`, as JSON. */
import { openPlatform, type PlatformOptions } from '../platform.ts'
import { trainer } from './trainer.ts'

const platform = await openPlatform(JSON.parse(process.argv[2] ?? '{}') as PlatformOptions)
await platform.startWorker(trainer({ stepMs: 50 }))
const server = await platform.listen({ port: 0 })
console.log(server.url)
