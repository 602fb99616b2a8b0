import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { until } from '../../scripts/engine/until.ts'
import { startConnectServer } from '../fixtures/servers/connect.ts'
import { manyItems } from '../fixtures/servers/connect-data.ts'
import { assertNoSecret } from '../support/assert-no-secret.ts'
import { startDaemon } from '../support/daemon.ts'
import { freePort } from '../support/free-port.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

// It needs Debian's package prometheus, which `make engine` installs, and no Docker Engine.

const TOKEN = 'canary-dashboard-token'
const DASHBOARD = new URL('../../docs/dashboards/locket.json', import.meta.url)

/** A daemon with metrics, and an asker that mounts, fails, refreshes and unmounts. */
async function busyDaemon(t: TestContext) {
  const folder = await temporaryFolder(t)
  const server = await startConnectServer({ data: manyItems(2), token: TOKEN })
  t.after(() => server[Symbol.asyncDispose]())
  await writeFile(join(folder, 'token'), TOKEN)
  const port = await freePort()
  const daemon = await startDaemon({
    folder,
    args: [
      `--connect-host=${server.url}`,
      `--connect-token=file:${folder}/token`,
      '--connect-max-rate=50000/m',
      `--metrics-address=127.0.0.1:${port}`,
      '--linger=0s',
      '--allow-swap',
    ],
  })
  t.after(() => daemon.stop())
  for (const [name, field] of Object.entries({ kept: 'password', brief: 'password', lacking: 'nothing' })) {
    const Opts = { 'secret.a': `{{ op://bench/item 0/${field} }}` }
    assert.equal((await daemon.call('VolumeDriver.Create', { Name: name, Opts })).Err, '')
  }
  assert.equal((await daemon.call('VolumeDriver.Mount', { Name: 'kept', ID: 'id' })).Err, '')
  async function work(): Promise<void> {
    await daemon.call('VolumeDriver.Mount', { Name: 'brief', ID: 'id' })
    await daemon.call('VolumeDriver.Unmount', { Name: 'brief', ID: 'id' })
    await daemon.call('VolumeDriver.Mount', { Name: 'lacking', ID: 'id' })
  }
  return { folder, port, work, daemon }
}

/** Debian's Prometheus, which asks the daemon once a second. Returns the function that runs a query. */
async function prometheus(t: TestContext, folder: string, port: number) {
  const own = await freePort()
  const config = join(folder, 'prometheus.yml')
  await writeFile(
    config,
    `scrape_configs:
  - job_name: locket
    scrape_interval: 1s
    static_configs: [{ targets: ['127.0.0.1:${port}'] }]
`,
  )
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder}/tsdb`,
    `--web.listen-address=127.0.0.1:${own}`,
    '--log.level=warn',
  ]
  const child = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const gone = new Promise((done) => child.once('exit', done))
  t.after(async () => {
    child.kill('SIGKILL')
    await gone
  })
  return async (query: string): Promise<number[]> => {
    const response = await fetch(`http://127.0.0.1:${own}/api/v1/query?query=${encodeURIComponent(query)}`)
    const answer = (await response.json()) as Answer
    if (answer.status !== 'success') throw new Error(`${query}: ${answer.error}`)
    return (answer.data?.result ?? []).map(({ value }) => Number(value[1]))
  }
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] }
}

/** The queries of all panels, as Grafana sends them. */
function queries(): string[] {
  const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
    panels: { targets: { expr: string }[] }[]
  }
  return panels.flatMap(({ targets }) =>
    targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '10s').replaceAll('$instance', '.*')),
  )
}

test('promtool finds no fault in the metrics', async (t) => {
  const { port, work } = await busyDaemon(t)
  await work()
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  assertNoSecret(text, [TOKEN, 'password-0'])
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })
  assert.equal(`${stdout}${stderr}`, '')
  assert.equal(status, 0)
})

test('every query of the Grafana dashboard has an answer from real metrics', async (t) => {
  const { folder, port, work } = await busyDaemon(t)
  const query = await prometheus(t, folder, port)
  const open = new Set(queries())
  assert.ok(open.size > 15)
  await until(
    'each query has a number',
    async () => {
      await work()
      await sleep(300)
      for (const expr of open) {
        const numbers = await query(expr).catch((error: unknown) => {
          // Prometheus may not listen yet. Any other failure is a fault of the query.
          if (error instanceof TypeError) return []
          throw error
        })
        if (numbers.some(Number.isFinite)) open.delete(expr)
      }
      return open.size === 0
    },
    { timeoutMs: 60_000 },
  ).catch(() => undefined)
  assert.deepEqual([...open], [])
  assert.deepEqual(await query('locket_volume_generation{volume="kept"}'), [1])
  assert.deepEqual(await query('up'), [1])
})
