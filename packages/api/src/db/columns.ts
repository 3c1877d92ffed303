import { timestamp } from 'drizzle-orm/pg-core'

/** A moment, to the millisecond as JavaScript has it, so that what is read equals what was written. */
export const time = () => timestamp({ withTimezone: true, precision: 3 })
