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
  if (method !== 'GET' || bytes.byteLength < LEAST_BYTES || !takesGzip(String(accepts ?? '')))
    return { bytes, headers: {} }
  return { bytes: await pack(bytes), headers: { 'content-encoding': 'gzip' } }
}

/** Takes a time that grows with the length of the header, and not with its square. */
function takesGzip(accepts: string): boolean {
  return accepts.split(',').some((one) => {
    const [coding = '', weight = 'q=1'] = one.split(';', 2).map((part) => part.trim().toLowerCase())
    return coding === 'gzip' && /^q=(?:1|0\.0*[1-9])/.test(weight)
  })
}
