/** What tests of other packages need of a platform: one that has no engine, and yet trains. */
export { migratedImage } from './databases.ts'
export { trainer } from './trainer.ts'
