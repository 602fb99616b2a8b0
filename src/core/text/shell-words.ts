/**
 * Returns the text as one word of bash, zsh and every POSIX shell. In single quotes nothing has a meaning but
 * the quote. The text holds no NUL byte.
 */
export function posixWord(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** Returns the text as one word of fish, whose single quotes know a backslash. The text holds no NUL byte. */
export function fishWord(text: string): string {
  return `'${text.replace(/[\\']/g, String.raw`\$&`)}'`
}
