import { row } from './row.ts'

/** The events of the cache of last known good values. */
export const CACHE_EVENTS = {
  'volume.cache.used': row(
    'warn',
    'the provider is out of reach: values of the cache are mounted, stale since {since}',
    { volume: 'text', since: 'text', references: 'texts', error: 'text' },
  ),
  'volume.cache.over': row('info', 'the values are those of the provider again, not stale any more', {
    volume: 'text',
  }),
  'volume.cache.warning': row('warn', 'the cache of the volume: {warning}', {
    volume: 'text',
    warning: 'text',
  }),
} as const
