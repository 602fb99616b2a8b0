import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../support/free-port.ts'

/** The token of the server. */
export const ROOT = 'root-canary-token-of-a-dev-server'

/** The program of the server, `bao` or `vault`; undefined: neither is on the PATH. */
export const DEV_PROGRAM: string | undefined = ['bao', 'vault'].find(
  (name) => spawnSync(name, ['version']).status === 0,
)

/** A server in development mode, all of it in memory. */
interface DevServer {
  readonly address: string
  readonly pid: number | undefined
}

/** Starts a server, which ends when `stopping` aborts. Resolves when it answers. */
export async function startDevServer(name: string, stopping: AbortSignal): Promise<DevServer> {
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const options = [`-dev-root-token-id=${ROOT}`, '-dev-no-store-token']
  if (name === 'vault')
    options.push(
      `-config=${largeStrings(port, stopping)}`,
      `-dev-listen-address=127.0.0.1:${await freePort()}`,
    )
  else options.push(`-dev-listen-address=127.0.0.1:${port}`)
  const server = spawn(name, ['server', '-dev', ...options], {
    stdio: 'ignore',
    signal: stopping,
    killSignal: 'SIGKILL',
  })
  // It is stopped by its signal, and that is reported as an error.
  server.on('error', () => undefined)
  await isUp(address)
  return { address, pid: server.pid }
}

/** Writes the configuration of a listener. By default Vault 1.21.4 takes no string above 1 MiB. */
function largeStrings(port: number, stopping: AbortSignal): string {
  const folder = mkdtempSync(join(tmpdir(), 'locket-vault-'))
  stopping.addEventListener('abort', () => rmSync(folder, { recursive: true }))
  const path = join(folder, 'listener.hcl')
  const lines = [
    'listener "tcp" {',
    `  address = "127.0.0.1:${port}"`,
    '  tls_disable = true',
    '  max_json_string_value_length = 4194304',
    '}',
  ]
  writeFileSync(path, lines.join('\n'))
  return path
}

/** Resolves with the two ids of an AppRole. */
export async function idsOf(address: string, role: string): Promise<{ roleId: string; secretId: string }> {
  const path = `auth/approle/role/${role}`
  return {
    roleId: textAt(await ask(address, 'GET', `${path}/role-id`), 'role_id'),
    secretId: textAt(await ask(address, 'POST', `${path}/secret-id`, {}), 'secret_id'),
  }
}

/** Sends a request as root. */
export async function ask(address: string, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${address}/v1/${path}`, {
    method,
    headers: {
      'x-vault-token': ROOT,
      'x-vault-request': 'true',
      ...(method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {}),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  assert.ok(response.ok, `${method} ${path}: status ${response.status}`)
  return response.status === 204 ? undefined : response.json()
}

/** Returns a text of the answer's `data`. */
export function textAt(answer: unknown, key: string): string {
  const text: unknown = Reflect.get(Object(Reflect.get(Object(answer), 'data')), key)
  assert.ok(typeof text === 'string' && text !== '', key)
  return text
}

async function isUp(address: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const response = await fetch(`${address}/v1/sys/health`).catch(() => undefined)
    if (response?.ok === true) return
    await sleep(100)
  }
  assert.fail(`nothing answers at ${address}`)
}
