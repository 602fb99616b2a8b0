/** Returns the escape of a UTF-16 unit that JSON and YAML both read: `\u001b`. */
export function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** What YAML calls not printable though JSON leaves it as it is, and what a terminal would act on; nothing that \uXXXX cannot write in both. */
const UNPRINTABLE = /[\p{Cc}\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/gu

/** A JSON string that is a string in YAML too. */
export function quoteAsJson(text: string): string {
  return JSON.stringify(text).replace(UNPRINTABLE, escapeUnit)
}
