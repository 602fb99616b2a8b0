import { randomBytes } from 'node:crypto'

/** The form of a placeholder. Programs check some tokens before they send them: `ghp_` and 36 characters. */
export interface PlaceholderFormat {
  readonly prefix: string
  /** Characters of the whole placeholder. */
  readonly length: number
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** Characters with 256 random bits: 43 letters have 256.03. */
const STRONG = 43
const DEFAULT_PREFIX = 'locketblind'

/** Characters that a format must leave to chance: 22 letters have 130 bits. */
export const FEWEST_RANDOM = 22

/** Returns a random text of letters and digits, which no part of a request encodes differently. */
export function createPlaceholder(format?: PlaceholderFormat): string {
  const { prefix, length } = format ?? { prefix: DEFAULT_PREFIX, length: DEFAULT_PREFIX.length + STRONG }
  let text = prefix
  while (text.length < length)
    for (const byte of randomBytes(64)) {
      // The highest bytes would make some letters more frequent.
      if (byte < 4 * LETTERS.length && text.length < length) text += LETTERS.charAt(byte % LETTERS.length)
    }
  return text
}

/** True for a text that `createPlaceholder` may have made with this format. */
export function isPlaceholder(text: string, format?: PlaceholderFormat): boolean {
  const { prefix, length } = format ?? { prefix: DEFAULT_PREFIX, length: DEFAULT_PREFIX.length + STRONG }
  return text.length === length && text.startsWith(prefix) && /^[A-Za-z0-9]+$/.test(text.slice(prefix.length))
}
