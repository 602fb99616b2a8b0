import { LocketError } from '../../../core/vocabulary/errors.ts'
import { bypasses } from './no-proxy.ts'

/** The environment of the process: only its proxy variables are read. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>

/** A proxy that a variable names. */
export interface Proxy {
  /** The variable and the address for messages, without credentials: `HTTPS_PROXY proxy.example:3128`. */
  readonly who: string
  /** The name of the variable, spelled as in the environment: `HTTPS_PROXY`. */
  readonly variable: string
  readonly isTls: boolean
  /** The host name or address. An IPv6 address has no brackets. */
  readonly host: string
  readonly port: number
  /** The value of a Proxy-Authorization header, if the variable holds a user or a password. */
  readonly authorization: string | undefined
}

/**
 * Resolves with the proxy for requests to `target`; undefined: connect directly. The rules are those on which
 * curl (https://curl.se/docs/manpage.html#ENVIRONMENT) and Go
 * (https://pkg.go.dev/golang.org/x/net/http/httpproxy) agree, and curl's where they differ: a lower-case name
 * wins, an empty value counts as not set, `HTTPS_PROXY` is for https:// targets, `HTTP_PROXY` for http://
 * ones, `ALL_PROXY` for both. A CGI server turns the header `Proxy` into `HTTP_PROXY`: under CGI only
 * `http_proxy` counts. Rejects with `config` if the variable that applies is not a proxy address.
 */
export async function chooseProxy(target: URL, env: ProxyEnvironment): Promise<Proxy | undefined> {
  const variable = variablesFor(target, env).find((name) => (env[name] ?? '').trim() !== '')
  if (variable === undefined) return undefined
  const exceptions = ['no_proxy', 'NO_PROXY'].map((name) => env[name] ?? '').find((text) => text !== '')
  if (await bypasses(target, exceptions ?? '')) return undefined
  return parseProxy(variable, (env[variable] ?? '').trim())
}

/**
 * Returns the proxy variables in the one form that Node's `setGlobalProxyFromEnv` reads: lower-case names,
 * addresses with their scheme, `ALL_PROXY` written out. For libraries that use `fetch`. Throws `config` like
 * `chooseProxy`.
 */
export function nodeProxyVariables(env: ProxyEnvironment): Readonly<Record<string, string>> {
  const variables = ['http', 'https'].flatMap((scheme) => {
    const name = variablesFor(new URL(`${scheme}://host.invalid`), env).find(
      (known) => (env[known] ?? '') !== '',
    )
    if (name === undefined) return []
    const value = (env[name] ?? '').trim()
    parseProxy(name, value)
    return [[`${scheme}_proxy`, withScheme(value)]]
  })
  const exceptions = env['no_proxy'] ?? env['NO_PROXY']
  return { ...Object.fromEntries(variables), ...(exceptions === undefined ? {} : { no_proxy: exceptions }) }
}

/**
 * Resolves with the variables in Node's form that lead requests to `target` as `chooseProxy` does. None:
 * connect directly. For an agent of `node:https` outside of the providers. Rejects like `chooseProxy`.
 */
export async function nodeProxyFor(
  target: URL,
  env: ProxyEnvironment,
): Promise<Readonly<Record<string, string>>> {
  const proxy = await chooseProxy(target, env)
  if (proxy === undefined) return {}
  const name = target.protocol === 'https:' ? 'https_proxy' : 'http_proxy'
  return { [name]: withScheme((env[proxy.variable] ?? '').trim()) }
}

function variablesFor({ protocol }: URL, env: ProxyEnvironment): readonly string[] {
  const own = protocol === 'https:' ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy', 'HTTP_PROXY']
  const isCgi = (env['REQUEST_METHOD'] ?? '') !== ''
  return [...own.filter((name) => name !== 'HTTP_PROXY' || !isCgi), 'all_proxy', 'ALL_PROXY']
}

function parseProxy(variable: string, text: string): Proxy {
  const address = withScheme(text)
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url === undefined || url.hostname === '')
    throw new LocketError('config', `${variable} is not a proxy address`, { hint: 'write http://HOST:PORT' })
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new LocketError(
      'config',
      `${variable} names a ${url.protocol}// proxy, which locket does not support`,
      {
        hint: 'write http://HOST:PORT or https://HOST:PORT, or list the server in NO_PROXY',
      },
    )
  }
  const isTls = url.protocol === 'https:'
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port)
  return {
    who: `${variable} ${url.hostname}:${port}`,
    variable,
    isTls,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    authorization: basicAuthorization(url, variable),
  }
}

function withScheme(text: string): string {
  return text.includes('://') ? text : `http://${text}`
}

function basicAuthorization({ username, password }: URL, variable: string): string | undefined {
  if (username === '' && password === '') return undefined
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
    return `Basic ${Buffer.from(pair).toString('base64')}`
  } catch {
    throw new LocketError(
      'config',
      `${variable} has a % in its user or password that does not begin a %XX code`,
      {
        hint: 'a % is written %25',
      },
    )
  }
}
