/** The places of the things that a program needs to use the proxy. */
export interface ProxyPlaces {
  /** `HOST:PORT`. */
  readonly address: string
  /** Path of the authority's certificate, as PEM. */
  readonly certificate: string
  /** Path of the same certificate in a store for Java. */
  readonly store: string
}

/**
 * Returns the variables by which programs find the proxy and trust its authority. `javaOptions`: the value of
 * JAVA_TOOL_OPTIONS that is there already.
 */
export function proxyVariables(
  { address, certificate, store }: ProxyPlaces,
  javaOptions = '',
): Readonly<Record<string, string>> {
  const url = `http://${address}`
  const end = address.lastIndexOf(':')
  const [host, port] = [address.slice(0, end).replace(/^\[|\]$/g, ''), address.slice(end + 1)]
  const java = [
    ...(javaOptions === '' ? [] : [javaOptions]),
    `-Dhttps.proxyHost=${host}`,
    `-Dhttps.proxyPort=${port}`,
    `-Dhttp.proxyHost=${host}`,
    `-Dhttp.proxyPort=${port}`,
    '-Dhttp.nonProxyHosts=',
    `-Djavax.net.ssl.trustStore=${store}`,
    '-Djavax.net.ssl.trustStoreType=PKCS12',
  ]
  return {
    ...each(url, 'HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'),
    ...each('', 'NO_PROXY', 'no_proxy'),
    ...each(
      certificate,
      'SSL_CERT_FILE',
      'NIX_SSL_CERT_FILE',
      'CURL_CA_BUNDLE',
      'REQUESTS_CA_BUNDLE',
      'PIP_CERT',
      'GIT_SSL_CAINFO',
      'AWS_CA_BUNDLE',
      'CARGO_HTTP_CAINFO',
      'NODE_EXTRA_CA_CERTS',
      'DENO_CERT',
    ),
    NODE_USE_ENV_PROXY: '1',
    JAVA_TOOL_OPTIONS: java.join(' '),
  }
}

function each(value: string, ...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, value]))
}

/** True when this release of Node (`v26.10.0`) uses the proxy that variables name. Undefined: unknown. */
export function nodeUsesProxy(version: string): boolean | undefined {
  const [, major, minor] = /^v(\d+)\.(\d+)\.\d+/.exec(version) ?? []
  if (major === undefined) return undefined
  return Number(major) >= 24 || (major === '22' && Number(minor) >= 21)
}
