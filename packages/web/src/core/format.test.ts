import { expect, test } from 'vitest'
import {
  formatAgo,
  formatArch,
  formatBytes,
  formatCountOf,
  formatDuration,
  formatImagesPerSecond,
  formatNumber,
  formatPercent,
  formatRate,
} from './format.ts'

test('what is not known is a dash, and zero is not', () => {
  expect([formatNumber(null), formatPercent(undefined), formatDuration(null)]).toEqual(['–', '–', '–'])
  expect([formatNumber(0), formatPercent(0), formatRate(0)]).toEqual(['0.0000', '0.0%', '0'])
})

test('durations come in their two largest units', () => {
  expect([3.14, 59.4, 60, 252, 3600, 7500, 90_000].map(formatDuration)).toEqual([
    '3.1 s',
    '59 s',
    '1 min',
    '4 min 12 s',
    '1 h',
    '2 h 5 min',
    '1 d 1 h',
  ])
})

test('learning rates are decimals while those are short, and powers of ten below', () => {
  expect([0.002, 0.00025, 0.00005, 1.25e-6].map(formatRate)).toEqual(['0.002', '0.00025', '5e-5', '1.3e-6'])
})

test('rates, bytes and networks are written as readers know them', () => {
  expect([7.25, 182.4, 1234.5].map(formatImagesPerSecond)).toEqual(['7.3', '182', '1,235'])
  expect([0, 512, 2.31e9].map(formatBytes)).toEqual(['0 B', '512 B', '2.2 GiB'])
  expect(formatArch('resnet18')).toBe('ResNet-18')
})

test('times ago are coarse, and become a date after a week', () => {
  const now = Date.parse('2026-11-23T12:00:00Z')
  const ago = (iso: string): string => formatAgo(iso, now)
  expect(ago('2026-11-23T11:59:40Z')).toBe('just now')
  expect(ago('2026-11-23T11:30:00Z')).toBe('30 min ago')
  expect(ago('2026-11-22T12:00:00Z')).toBe('1 d ago')
  expect(ago('2026-11-01T12:00:00Z')).toBe('1 Nov 2026')
})

test('one of a thing is not many', () => {
  expect([0, 1, 2000].map((n) => formatCountOf(n, 'seed'))).toEqual(['0 seeds', '1 seed', '2,000 seeds'])
  expect(formatCountOf(2, 'study', 'studies')).toBe('2 studies')
})
