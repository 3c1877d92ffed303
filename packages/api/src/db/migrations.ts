import { fileURLToPath } from 'node:url'

/** Written by `drizzle-kit generate`; the same from src/ and from dist/. */
export const migrationsFolder: string = fileURLToPath(new URL('../../drizzle', import.meta.url))
