import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chooseProxy, nodeProxyVariables, type ProxyEnvironment } from './choose-proxy.ts'

const HTTPS = 'https://vault.example.com'
const HTTP = 'http://vault.example.com'

async function chosen(env: ProxyEnvironment, target = HTTPS): Promise<string> {
  return (await chooseProxy(new URL(target), env))?.who ?? 'direct'
}

test('each variable is for its scheme, ALL_PROXY for both, and a lower-case name wins', async () => {
  const rows: readonly [ProxyEnvironment, string, string][] = [
    [{}, HTTPS, 'direct'],
    [{ HTTPS_PROXY: 'http://p:1' }, HTTPS, 'HTTPS_PROXY p:1'],
    [{ HTTPS_PROXY: 'http://p:1' }, HTTP, 'direct'],
    [{ HTTP_PROXY: 'http://p:1' }, HTTP, 'HTTP_PROXY p:1'],
    [{ HTTP_PROXY: 'http://p:1' }, HTTPS, 'direct'],
    [{ https_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:2' }, HTTPS, 'https_proxy a:1'],
    [{ https_proxy: '', HTTPS_PROXY: 'http://b:2' }, HTTPS, 'HTTPS_PROXY b:2'],
    [{ ALL_PROXY: 'http://p:1' }, HTTPS, 'ALL_PROXY p:1'],
    [{ all_proxy: 'http://p:1' }, HTTP, 'all_proxy p:1'],
    [{ ALL_PROXY: 'http://a:1', HTTPS_PROXY: 'http://b:2' }, HTTPS, 'HTTPS_PROXY b:2'],
    [{ HTTPS_PROXY: ' ' }, HTTPS, 'direct'],
  ]
  for (const [env, target, expected] of rows)
    assert.equal(await chosen(env, target), expected, JSON.stringify(env))
})

test('under CGI the variable that a request header can set is not obeyed', async () => {
  const env = { REQUEST_METHOD: 'GET', HTTP_PROXY: 'http://evil:1' }
  assert.equal(await chosen(env, HTTP), 'direct')
  assert.equal(await chosen({ ...env, http_proxy: 'http://p:1' }, HTTP), 'http_proxy p:1')
  assert.equal(await chosen({ ...env, HTTPS_PROXY: 'http://p:1' }, HTTPS), 'HTTPS_PROXY p:1')
})

test('an address may lack its scheme and port; messages show neither user nor password', async () => {
  assert.equal(await chosen({ HTTPS_PROXY: 'proxy.example:3128' }), 'HTTPS_PROXY proxy.example:3128')
  assert.equal(await chosen({ HTTPS_PROXY: 'proxy.example' }), 'HTTPS_PROXY proxy.example:80')
  assert.equal(await chosen({ HTTPS_PROXY: 'https://proxy.example' }), 'HTTPS_PROXY proxy.example:443')
  assert.equal(await chosen({ HTTPS_PROXY: 'http://[::1]:3128/' }), 'HTTPS_PROXY [::1]:3128')
  const proxy = await chooseProxy(new URL(HTTPS), { HTTPS_PROXY: 'us%40er:p%3Aw@proxy.example:3128' })
  assert.deepEqual(
    [proxy?.who, proxy?.host, proxy?.authorization],
    [
      'HTTPS_PROXY proxy.example:3128',
      'proxy.example',
      `Basic ${Buffer.from('us@er:p:w').toString('base64')}`,
    ],
  )
})

test('a value that is not a proxy address is named by its variable, and not repeated', async () => {
  for (const value of ['http://', 'socks5://canary@h:1', 'http://%zz:canary@h:1', 'h:99999'])
    await assert.rejects(
      chosen({ https_proxy: value }),
      (error) => error instanceof Error && /^https_proxy (?!.*canary)/.test(error.message),
      value,
    )
  assert.equal(await chosen({ https_proxy: 'socks5://h:1', no_proxy: 'example.com' }), 'direct')
})

test('NO_PROXY excepts domains, ports, addresses, ranges and everything', async () => {
  const rows: readonly [string, string, boolean][] = [
    ['*', HTTPS, true],
    ['example.com', HTTPS, true],
    ['example.com', 'https://example.com', true],
    ['.example.com', HTTPS, true],
    ['.example.com', 'https://example.com', true],
    ['*.example.com', HTTPS, true],
    ['*.example.com', 'https://example.com', false],
    ['ample.com', HTTPS, false],
    ['VAULT.Example.COM', HTTPS, true],
    ['other.org, example.com', HTTPS, true],
    ['other.org example.com', HTTPS, true],
    ['vault.example.com:443', HTTPS, true],
    ['vault.example.com:8443', HTTPS, false],
    ['vault.example.com:8443', 'https://vault.example.com:8443', true],
    ['vault.example.com:80', HTTP, true],
    ['vault.example.com.', HTTPS, true],
    ['10.0.0.0/8', 'https://10.1.2.3', true],
    ['10.0.0.0/8', 'https://11.1.2.3', false],
    ['10.1.2.3', 'https://10.1.2.3:8200', true],
    ['10.1.2.3:8200', 'https://10.1.2.3:8200', true],
    ['10.1.2.3:8200', 'https://10.1.2.3', false],
    ['::1', 'https://[::1]', true],
    ['[::1]:443', 'https://[0:0:0:0:0:0:0:1]', true],
    ['fd00::/8', 'https://[fd12::1]', true],
    ['0/0', HTTPS, false],
    ['10.0.0.0/99', 'https://10.1.2.3', false],
    [',, ,', HTTPS, false],
  ]
  for (const [list, target, isDirect] of rows)
    assert.equal(
      (await chosen({ NO_PROXY: list, HTTPS_PROXY: 'p:1', HTTP_PROXY: 'p:1' }, target)) === 'direct',
      isDirect,
      `${list} ${target}`,
    )
  assert.equal(await chosen({ no_proxy: 'other.org', NO_PROXY: '*', HTTPS_PROXY: 'p:1' }), 'HTTPS_PROXY p:1')
})

test('the variables are written in the form that Node reads', async () => {
  assert.deepEqual(nodeProxyVariables({ ALL_PROXY: 'p:1', HTTPS_PROXY: 'https://q:2', NO_PROXY: 'a,b' }), {
    http_proxy: 'http://p:1',
    https_proxy: 'https://q:2',
    no_proxy: 'a,b',
  })
  assert.deepEqual(nodeProxyVariables({}), {})
})
