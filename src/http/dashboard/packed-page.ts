import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** Bytes below which packing saves nothing. */
const LEAST_BYTES = 1000

const pack = promisify(gzip)

/** The bytes of a page, and the header that tells their form. */
interface PackedPage {
  readonly bytes: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/**
 * Packs a page that a browser asked for. Its length then tells a listener a little about its content. That
 * gives away no right: a form needs the origin of the dashboard beside its token, and the answer to a form,
 * which can have a setup link, is not packed.
 */
export async function packedPage(
  text: string,
  { method, accepts }: { readonly method: string; readonly accepts: string | string[] | undefined },
): Promise<PackedPage> {
  const bytes = Buffer.from(text)
  const takes = /(?:^|,)\s*gzip\s*(?:;\s*q=(?:1|0\.\d*[1-9])\d*\s*)?(?:,|$)/i.test(String(accepts ?? ''))
  if (method !== 'GET' || !takes || bytes.byteLength < LEAST_BYTES) return { bytes, headers: {} }
  return { bytes: await pack(bytes), headers: { 'content-encoding': 'gzip' } }
}
