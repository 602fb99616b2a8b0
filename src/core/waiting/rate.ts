import { LocketError } from '../vocabulary/errors.ts'

/** A rate limit: at most `count` requests in any `perMs` milliseconds. */
export interface Rate {
  readonly count: number
  readonly perMs: number
  /** The limit as text for users: `60/m`. */
  readonly text: string
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Reads `5/s,60/m`: all limits apply at once. `none` means without a limit. Throws `config`. */
export function parseRates(text: string): readonly Rate[] {
  if (text.trim() === 'none') return []
  return text.split(',').map((part) => parseRate(part.trim()))
}

function parseRate(text: string): Rate {
  const [, count = '', unit = ''] = /^([1-9][0-9]{0,5})\/(s|m|h|d)$/.exec(text) ?? []
  const perMs = UNITS[unit]
  if (perMs !== undefined) return { count: Number(count), perMs, text }
  throw new LocketError(
    'config',
    `${JSON.stringify(text.slice(0, 40))} is not a valid rate: write COUNT/s, COUNT/m, COUNT/h or COUNT/d, several joined by a comma, or none`,
  )
}
