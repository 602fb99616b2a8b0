import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { signRequest } from '../src/core/broker/signing/request-signature.ts'
import { createNonce } from '../src/core/broker/tokens.ts'

/** One simulated host: it asks for its references in each period. */
interface Host {
  readonly id: string
  readonly refs: readonly string[]
}

/** The work of a process of hosts. Times are milliseconds. */
export interface HostsOrder {
  readonly port: number
  readonly caFile: string
  readonly keyPem: string
  readonly hosts: readonly Host[]
  readonly periodMs: number
  readonly totalMs: number
  /** The hosts hold watches too, as those without a `refresh` of their own do. */
  readonly watches: boolean
}

/** The answers that its hosts got. */
export interface HostsReport {
  readonly reads: number
  readonly watches: number
  readonly values: number
  readonly failures: readonly string[]
}

process.once('message', (order: HostsOrder) => {
  void report(order)
})

async function report(order: HostsOrder): Promise<void> {
  const seen = await run(order)
  process.send?.(seen)
  process.disconnect?.()
}

async function run(order: HostsOrder): Promise<HostsReport> {
  const { port, caFile, hosts, periodMs, totalMs } = order
  const key = createPrivateKey(order.keyPem)
  const ca = readFileSync(caFile)
  const end = performance.now() + totalMs
  const over = new AbortController()
  const seen = { reads: 0, watches: 0, values: 0, failures: [] as string[] }

  async function ask(agent: https.Agent, id: string, url: string, body?: unknown): Promise<unknown> {
    const [method, text] = body === undefined ? ['GET', ''] : ['POST', JSON.stringify(body)]
    const authority = `127.0.0.1:${port}`
    const signed = signRequest({ method, authority, url }, Buffer.from(text), {
      key,
      machine: id,
      now: Date.now(),
      nonce: createNonce(),
    })
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const headers = { ...signed, host: authority }
    const to = { agent, host: '127.0.0.1', servername: 'localhost', port, path: url, method, headers, ca }
    const request = https.request({ ...to, signal: over.signal }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.once('error', reject)
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(Buffer.concat(chunks).toString()))
        else reject(new Error(`${url.slice(0, 10)} ${answer.statusCode}`))
      })
    })
    request.once('error', reject)
    request.end(text)
    return await promise
  }

  const noteFailure = (thrown: unknown): void => {
    if (!over.signal.aborted) seen.failures.push(String(thrown))
  }

  async function read({ id, refs }: Host, at: number): Promise<void> {
    // As in locket's client: an idle connection is closed after 4 s, and the next one resumes its session.
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1, timeout: 4000 })
    const known: Record<string, string> = {}
    // The hosts are spread over the period, as their starts are.
    for (let next = performance.now() + (at / hosts.length) * periodMs; next < end; next += periodMs) {
      await sleep(Math.max(0, next - performance.now()))
      try {
        const { answers } = (await ask(agent, id, '/v2/resolve', { refs, known })) as {
          answers: Record<string, { version?: string; value?: string }>
        }
        seen.reads += 1
        for (const [ref, { version }] of Object.entries(answers))
          if (version !== undefined) {
            seen.values += 1
            known[ref] = version
          }
      } catch (thrown) {
        noteFailure(thrown)
      }
    }
    agent.destroy()
  }

  async function watch({ id }: Host, at: number): Promise<void> {
    const agent = new https.Agent({ keepAlive: true, maxSockets: 1 })
    await sleep((at / hosts.length) * periodMs)
    for (let since = ''; !over.signal.aborted;)
      try {
        const { cursor } = (await ask(agent, id, `/v2/watch?since=${since}`)) as { cursor: string }
        since = cursor
        seen.watches += 1
      } catch (thrown) {
        noteFailure(thrown)
        await sleep(1000)
      }
    agent.destroy()
  }

  const watches = order.watches ? hosts.map(watch) : []
  await Promise.all(hosts.map(read))
  over.abort()
  await Promise.all(watches)
  return { ...seen, failures: [...new Set(seen.failures)].slice(0, 5) }
}
