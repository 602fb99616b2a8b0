/** The speed of `inject` with many templates: `make bench` runs it after the volume driver's. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { manyItems } from '../test/fixtures/servers/connect-data.ts'
import { startConnectServer } from '../test/fixtures/servers/connect.ts'
import { setSecrets } from '../test/support/local-secrets.ts'
import { report, type Sample } from './measure.ts'

const LOCKET = process.argv[2] ?? new URL('../dist/locket/bin/locket', import.meta.url).pathname
const TEMPLATES = 1000
const DISTINCT = 200
const EDITS = 50

const folder = await mkdtemp(join(tmpdir(), 'locket-bench-'))
const env = {
  PATH: process.env['PATH'],
  LOCKET_LOCAL_FILE: join(folder, 'secrets.age'),
  LOCKET_LOCAL_KEY: join(folder, 'local.key'),
}
const show = (sample: Sample) => process.stdout.write(`${report(sample)}\n`)

try {
  await setSecrets(folder, 'bench', DISTINCT)
  await manyTemplates()
  for (const templates of [10, TEMPLATES]) await edits(templates)
  await editsOfConnect()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function manyTemplates(): Promise<void> {
  await writeTemplates(TEMPLATES)
  const values: number[] = []
  const memory: number[] = []
  for (let run = 0; run < 5; run += 1) {
    const start = performance.now()
    const { stderr } = spawnSync(LOCKET, injectWords(`out${run}`), { env, encoding: 'utf8' })
    values.push(performance.now() - start)
    if (!stderr.includes(`files=${TEMPLATES}`)) throw new Error(stderr)
    memory.push(await peakMiB(`peak${run}`))
  }
  const name = `inject, ${TEMPLATES} templates, ${2 * TEMPLATES} references, ${DISTINCT} distinct, local`
  show({ name, reach: '< 2000', values })
  show({ name: 'the same, most memory', reach: '< 150', values: memory, unit: 'MiB' })
}

/** Measured on a running process, because an ended process has no memory to measure. */
async function peakMiB(out: string): Promise<number> {
  const child = spawn(LOCKET, [...injectWords(out), '--mode=park'], { env, stdio: 'ignore' })
  for (let n = 0; n < 200; n += 1) {
    await sleep(50)
    if (await readFile(join(folder, out, `t${TEMPLATES - 1}`), 'utf8').catch(() => '')) break
  }
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
  child.kill('SIGTERM')
  await new Promise((done) => child.once('exit', done))
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024
}

async function edits(templates: number): Promise<void> {
  await rm(join(folder, 'templates'), { recursive: true, force: true })
  await writeTemplates(templates)
  const values = await timesOfEdits(`watched${templates}`, env, (edit) => `edit ${edit}`)
  const name = `edit to file, watch, debounce 100ms, ${templates} templates`
  show({ name, reach: 'max <= 150', values })
}

/** Each edit names two secrets of one item, which cost two requests when the names are known. */
async function editsOfConnect(): Promise<void> {
  await using connect = await startConnectServer({ data: manyItems(TEMPLATES), token: 'bench-token' })
  const vault = connect.data.vaults[0]?.name ?? ''
  const text = (n: number) =>
    `a={{ op://${vault}/item ${n}/username }} {{ op://${vault}/item ${n}/password }}`
  await writeTemplates(TEMPLATES, text)
  const ofConnect = {
    ...env,
    SECRETS_PROVIDER: 'op-connect',
    OP_CONNECT_HOST: connect.url,
    OP_CONNECT_TOKEN: 'bench-token',
  }
  let before = 0
  const values = await timesOfEdits('connect', ofConnect, (edit) => {
    if (edit === 0) before = connect.requests.length
    return `edit ${edit} ${text(0)}`
  })
  const requests = (connect.requests.length - before) / EDITS
  show({ name: `the same of Connect, 0 ms, ${TEMPLATES} templates`, reach: 'max <= 150', values })
  show({ name: 'requests of an edit', reach: '<= 1', values: [requests], unit: '' })
}

/** Milliseconds from each edit of the first template to its file. */
async function timesOfEdits(
  out: string,
  variables: NodeJS.ProcessEnv,
  textOf: (edit: number) => string,
): Promise<number[]> {
  const words = [...injectWords(out), '--mode=watch', '--debounce=100ms']
  const child = spawn(LOCKET, words, { env: variables, stdio: 'ignore' })
  const seen = join(folder, out, 't0')
  while ((await readFile(seen, 'utf8').catch(() => '')) === '') await sleep(20)
  await sleep(1000)
  const values: number[] = []
  for (let edit = 0; edit < EDITS; edit += 1) {
    const text = textOf(edit)
    const start = performance.now()
    await writeFile(join(folder, 'templates/t0'), text)
    while (!(await readFile(seen, 'utf8')).startsWith(`edit ${edit}`)) await sleep(2)
    values.push(performance.now() - start)
    await sleep(100)
  }
  child.kill('SIGTERM')
  await new Promise((done) => child.once('exit', done))
  return values
}

function injectWords(out: string): string[] {
  return ['inject', `--map=${folder}/templates:${folder}/${out}`]
}

async function writeTemplates(count: number, textOf = ofLocal): Promise<void> {
  await mkdir(join(folder, 'templates'), { recursive: true })
  for (let n = 0; n < count; n += 1) await writeFile(join(folder, `templates/t${n}`), textOf(n))
}

function ofLocal(n: number): string {
  const [a, b] = [n % DISTINCT, (n * 7) % DISTINCT]
  return `a={{ local://bench/secret${a} }}\nb={{ local://bench/secret${b} }}\n`
}
