import type { Dashboard } from '../../app/dashboard/dashboard.ts'
import type { Visitor } from '../../app/dashboard/ports.ts'
import type { Visit } from '../../app/dashboard/sessions.ts'
import type { Html } from './html/html.ts'

/** A request that was checked: its host, its origin, its form token. */
interface CheckedRequest {
  readonly dashboard: Dashboard
  readonly visitor: Visitor
  /** The parts of the path by their names. */
  readonly at: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The fields of the form; empty for GET. After a mistake the form is shown with them again. */
  readonly form: URLSearchParams
  /** The body as JSON, for the calls of the script. */
  readonly json: unknown
  readonly cookies: ReadonlyMap<string, string>
  /** The token that each form must carry. */
  readonly csrf: string
  /** The address that the browser shows: `http://localhost:7469`. */
  readonly origin: string
  /** A page of another site has sent the browser here. */
  readonly isFromElsewhere: boolean
  readonly now: number
  /** The mistake of the form that is shown again. */
  readonly problem: string | undefined
}

/** The request of a person who is logged in. */
export interface PageRequest extends CheckedRequest {
  readonly visit: Visit
}

/** The request of anybody. */
export interface OpenRequest extends CheckedRequest {
  readonly visit: Visit | undefined
}

/** A cookie to set. An empty value removes it. */
export interface SetCookie {
  readonly name: string
  readonly value: string
  readonly maxAgeS: number
  /** Sent also with a link from another site. */
  readonly isForReturn?: true
}

/** The answer to a request. */
export type PageAnswer =
  | { readonly kind: 'page'; readonly html: Html; readonly cookies?: readonly SetCookie[] }
  | { readonly kind: 'redirect'; readonly to: string; readonly cookies?: readonly SetCookie[] }
  | { readonly kind: 'json'; readonly value: unknown; readonly cookies?: readonly SetCookie[] }
  | {
      readonly kind: 'file'
      readonly name: string
      /** Wiped after it was sent. */
      readonly bytes: Uint8Array
      readonly cookies?: readonly SetCookie[]
    }

interface RouteOf<R> {
  readonly method: 'GET' | 'POST'
  /** The path as fastify writes it: `/machines/:name`. */
  readonly path: string
  readonly run: (request: R) => Promise<PageAnswer>
  /** Shows the form again, after a mistake in it. Left out: the mistake has a page of its own. */
  readonly again?: (request: R) => Promise<PageAnswer>
}

/** One route of the dashboard. An open one needs no login. */
export type Route =
  | ({ readonly isOpen: true } & RouteOf<OpenRequest>)
  | ({ readonly isOpen?: false } & RouteOf<PageRequest>)

/** Returns an answer with a page. */
export function shown(html: Html): PageAnswer {
  return { kind: 'page', html }
}

/** Returns the answer after a change: the browser asks for the page, which says what was done. */
export function done(path: string, what: string): PageAnswer {
  return { kind: 'redirect', to: `${path}?done=${what}` }
}

/** Returns a field of a form without the spaces around it. */
export function typed({ form }: Pick<CheckedRequest, 'form'>, name: string): string {
  return (form.get(name) ?? '').trim()
}

/** Returns the path of a page. Each part is encoded. */
export function pagePath(...parts: readonly string[]): string {
  return `/${parts.map(encodeURIComponent).join('/')}`
}
