import assert from 'node:assert/strict'

/**
 * Fails when a text holds one of the values, plain, in base64, in hex, or as JSON and URLs write it. Never
 * prints the value.
 */
export function assertNoSecret(
  text: string | Uint8Array,
  canaries: readonly string[],
  where = 'the text',
): void {
  const haystack = typeof text === 'string' ? text : Buffer.from(text).toString('latin1')
  for (const [index, canary] of canaries.entries()) {
    assert.notEqual(canary, '', 'an empty canary is found everywhere')
    for (const [form, needle] of Object.entries(formsOf(canary))) {
      assert.ok(!haystack.includes(needle), `${where} holds canary ${index} (${form})`)
    }
  }
}

function formsOf(canary: string): Record<string, string> {
  const bytes = Buffer.from(canary)
  return {
    plain: canary,
    base64: bytes.toString('base64').replace(/=+$/, ''),
    base64url: bytes.toString('base64url'),
    hex: bytes.toString('hex'),
    json: JSON.stringify(canary).slice(1, -1),
    url: encodeURIComponent(canary),
  }
}
