/** Returns the escape of one UTF-16 code unit, as JSON and YAML both read it: `\u001b`. */
export function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/**
 * Characters that YAML does not allow although JSON writes them without an escape, and characters that change
 * how a terminal shows text. All of them have a \uXXXX form that both formats read.
 */
const UNPRINTABLE = /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/gu

/** Returns the text as a JSON string that YAML reads as the same string. */
export function quoteAsJson(text: string): string {
  return JSON.stringify(text).replace(UNPRINTABLE, escapeUnit)
}
