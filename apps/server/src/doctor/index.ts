export { diagnose } from './diagnose.ts'
export { formatDiagnosis } from './format.ts'
