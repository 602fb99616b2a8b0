/**
 * Returns the bytes of a PEM block with this label, and nothing before or after it. Undefined: it is
 * anything else. `\r\n` counts as `\n`.
 */
export function pemBytes(text: string, label: string): Uint8Array | undefined {
  const [head, ...lines] = text.replaceAll('\r\n', '\n').replace(/\n$/, '').split('\n')
  const last = lines.pop()
  if (head !== `-----BEGIN ${label}-----` || last !== `-----END ${label}-----`) return undefined
  const body = lines.join('')
  const bytes = Buffer.from(body, 'base64')
  // Buffer skips what is not base64.
  return body !== '' && bytes.toString('base64') === body ? new Uint8Array(bytes) : undefined
}

/** Returns bytes as a PEM block that ends with a line feed. */
export function pemText(bytes: Uint8Array, label: string): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
