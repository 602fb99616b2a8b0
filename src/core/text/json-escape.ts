/** Returns the escape of a UTF-16 unit that JSON and YAML both read: `\u001b`. */
export function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
