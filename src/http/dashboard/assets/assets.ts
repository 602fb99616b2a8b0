import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { SCRIPT } from './script.ts'
import { FORM_STYLE } from './form-style.ts'
import { iconSheet } from './shapes.ts'
import { STYLE } from './style.ts'

/** A file that browsers keep: its name changes with its content. */
interface Asset {
  readonly name: string
  readonly type: string
  readonly zipped: Uint8Array
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#4f46e5" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"><path d="M8 9V7a4 4 0 0 1 8 0v2M12 21c-4.5-2.2-7-5-7-8.2a3.8 3.8 0 0 1 7-2 3.8 3.8 0 0 1 7 2c0 3.2-2.5 6-7 8.2z"/></svg>`

/** The files of the dashboard. None of them has a secret or a name. */
export const ASSETS = {
  style: asset('style', 'css', 'text/css; charset=utf-8', STYLE + FORM_STYLE),
  script: asset('script', 'js', 'text/javascript; charset=utf-8', SCRIPT),
  icons: asset('icons', 'svg', 'image/svg+xml', iconSheet()),
  icon: asset('icon', 'svg', 'image/svg+xml', ICON),
} as const

function asset(name: string, ending: string, type: string, text: string): Asset {
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 10)
  return { name: `${name}-${hash}.${ending}`, type, zipped: gzipSync(text, { level: 9 }) }
}
