import { Option } from 'commander'
import { wholeNumber } from './numbers.ts'

/** Where a server keeps its things. */
export const dataOption = (): Option =>
  new Option('--data <dir>', 'folder of the embedded database, the runs and the demo images').default('.sporeprint')

export const portOption = (): Option =>
  new Option('--port <n>', 'port to listen on; 0 takes any that is free')
    .env('PORT')
    .default(4100)
    .argParser(wholeNumber(0, 65_535))

export const concurrencyOption = (): Option =>
  new Option('--concurrency <n>', 'jobs at a time').default(1).argParser(wholeNumber(1, 64))
