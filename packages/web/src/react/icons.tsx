import type { ReactElement, ReactNode } from 'react'

function Icon({ size = 16, children }: { size?: number; children: ReactNode }): ReactElement {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  )
}

const gills = Array.from({ length: 20 }, (_, i) => {
  const angle = (i * Math.PI) / 10
  const point = (radius: number): string =>
    `${(8 + radius * Math.cos(angle)).toFixed(2)} ${(8 + radius * Math.sin(angle)).toFixed(2)}`
  return `M${point(i % 2 === 0 ? 2.6 : 3.9)}L${point(7.2)}`
}).join('')

/** A spore print: gills around where the stem was. */
export function SporeprintMark({ size = 22 }: { size?: number }): ReactElement {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" aria-hidden="true">
      <path d={gills} strokeWidth={size < 40 ? 0.95 : 0.5} strokeLinecap="round" />
    </svg>
  )
}

export const PlusIcon = (): ReactElement => (
  <Icon>
    <path d="M8 3.5v9M3.5 8h9" />
  </Icon>
)

export const CloseIcon = (): ReactElement => (
  <Icon>
    <path d="M4 4l8 8M12 4l-8 8" />
  </Icon>
)

export const StopIcon = (): ReactElement => (
  <Icon size={14}>
    <rect x="3.5" y="3.5" width="9" height="9" rx="1.6" />
  </Icon>
)

export const ResumeIcon = (): ReactElement => (
  <Icon size={14}>
    <path d="M5 3.2v9.6l7.6-4.8z" />
  </Icon>
)

export const WarningIcon = (): ReactElement => (
  <Icon size={18}>
    <path d="M8 2.4L14.4 13.4H1.6zM8 6.4v3.2M8 11.4v.1" />
  </Icon>
)

export const ChartIcon = (): ReactElement => (
  <Icon>
    <path d="M2.5 2.5v11h11M5 10l2.6-3 2 1.6L13 4.5" />
  </Icon>
)

export const TableIcon = (): ReactElement => (
  <Icon>
    <rect x="2.5" y="3" width="11" height="10" rx="1.4" />
    <path d="M2.5 6.4h11M2.5 9.7h11M6.8 6.4V13" />
  </Icon>
)

export const ImageIcon = (): ReactElement => (
  <Icon size={26}>
    <rect x="2" y="3" width="12" height="10" rx="1.6" />
    <path d="M2.4 11.4l3.4-3.2 2.6 2.4 2.4-2 2.8 2.6" />
    <circle cx="10.6" cy="6.2" r="0.9" />
  </Icon>
)

export const SunIcon = (): ReactElement => (
  <Icon>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.4v1.4M8 13.2v1.4M1.4 8h1.4M13.2 8h1.4M3.3 3.3l1 1M11.7 11.7l1 1M3.3 12.7l1-1M11.7 4.3l1-1" />
  </Icon>
)

export const MoonIcon = (): ReactElement => (
  <Icon>
    <path d="M13.4 9.6A5.8 5.8 0 1 1 6.4 2.6a4.6 4.6 0 0 0 7 7z" />
  </Icon>
)
