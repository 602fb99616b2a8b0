const NEXT_ENTRY = /^,\s*(?=[A-Za-z0-9_.][A-Za-z0-9_./-]*=|@|\/)/

/**
 * The entries of a list that had to be written as one text: one per line, or else parted by each comma outside of `{{ }}` that
 * `NAME=`, `@` or `/` follows. Any other comma belongs to a template.
 */
export function splitList(text: string): string[] {
  const parts = text.includes('\n') ? text.split('\n') : splitAtCommas(text)
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function splitAtCommas(text: string): string[] {
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at += 1) {
    if (text.startsWith('{{', at)) at = endOfTag(text, at)
    else if (text[at] === ',' && NEXT_ENTRY.test(text.slice(at, at + 300))) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  return [...parts, text.slice(start)]
}

/** The last character of the tag that opens at `at`; a tag that nobody closes is no tag. */
function endOfTag(text: string, at: number): number {
  const end = text.indexOf('}}', at)
  return end === -1 ? at + 1 : end + 1
}
