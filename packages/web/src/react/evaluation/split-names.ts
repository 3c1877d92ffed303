import type { Split } from '../../core/documents.types.ts'

export const splitNames: Record<Split, string> = { test: 'Test', valid: 'Validation', train: 'Training' }
