import { noted, ok, problem, type DoctorCheck } from '../finding.ts'

const NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY']

/** The proxies of this environment. Name and password of one are not shown. */
export const checkProxies: DoctorCheck = async ({ env }) => {
  const set = NAMES.flatMap((name) =>
    [name, name.toLowerCase()].filter((each) => (env[each] ?? '') !== '').slice(0, 1),
  )
  if (set.length === 0) return [ok('no proxy is set in this environment')]
  const hasExceptions = (env['NO_PROXY'] ?? env['no_proxy'] ?? '') !== ''
  return set.map((name) => {
    const url = URL.parse(/:\/\//.test(env[name] ?? '') ? (env[name] ?? '') : `http://${env[name]}`)
    if (url === null || url.hostname === '')
      return problem(`${name} is not the address of a proxy`, `write ${name}=http://HOST:PORT`)
    const text = `${name} sends requests to ${url.protocol}//${url.host}`
    return hasExceptions
      ? ok(text)
      : noted(
          `${text}, those to servers of this network too`,
          'name them in NO_PROXY; a daemon has an environment of its own',
        )
  })
}
