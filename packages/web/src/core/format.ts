/** Numbers, times and names as the console writes them. A dash stands for what is not known yet. */
const dash = '–'

/** A loss or another bare number, with a fixed count of decimals so that columns of them line up. */
export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value == null) return dash
  if (!Number.isFinite(value)) return String(value)
  return value.toFixed(digits)
}

/** A share of one as a percentage with one decimal: .8731 → 87.3 %. */
export function formatPercent(value: number | null | undefined): string {
  return value == null ? dash : `${(value * 100).toFixed(1)}%`
}

export function formatCount(value: number | null | undefined): string {
  return value == null ? dash : value.toLocaleString('en-US')
}

/** 1 seed, 3 seeds. */
export function formatCountOf(value: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`
}

/** Learning rates: 0.002, 0.00025, 5e-5. */
export function formatRate(value: number | null | undefined): string {
  if (value == null) return dash
  if (value === 0) return '0'
  return Math.abs(value) >= 1e-4 ? String(Number(value.toPrecision(3))) : value.toExponential(1).replace('.0e', 'e')
}

export function formatImagesPerSecond(value: number | null | undefined): string {
  if (value == null) return dash
  return value >= 100 ? formatCount(Math.round(value)) : value.toFixed(1)
}

/** Seconds in the two largest units: 45 s, 4 min 12 s, 2 h 5 min. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return dash
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return join(Math.floor(whole / 60), 'min', whole % 60, 's')
  if (whole < 86400) return join(Math.floor(whole / 3600), 'h', Math.floor((whole % 3600) / 60), 'min')
  return join(Math.floor(whole / 86400), 'd', Math.floor((whole % 86400) / 3600), 'h')
}

/** How long ago, coarse: just now, 5 min ago, 3 h ago, and a date after a week. */
export function formatAgo(iso: string, now: number): string {
  const seconds = (now - Date.parse(iso)) / 1000
  if (seconds < 45) return 'just now'
  if (seconds < 3570) return `${Math.round(seconds / 60)} min ago`
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`
  if (seconds < 7 * 86400) return `${Math.round(seconds / 86400)} d ago`
  return formatDate(iso)
}

function formatDate(iso: string): string {
  return new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })
}

export function formatDateTime(iso: string): string {
  return new Date(iso).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })
}

export function formatTime(iso: string): string {
  return new Date(iso).toLocaleTimeString('en-GB')
}

/** A network as its paper writes it: resnet18 → ResNet-18. */
export function formatArch(arch: string): string {
  return arch.replace(/^resnet(\d+)$/, 'ResNet-$1')
}

/** Bytes in binary units: 1.2 GiB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const unit = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** unit).toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`
}
