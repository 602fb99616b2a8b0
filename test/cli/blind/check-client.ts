import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { blindRun, VALUE, type BlindRunOptions } from './blind-run.ts'

/** The forms of the value that the fixture shows. */
export const FORMS = [VALUE, encodeURIComponent(VALUE), Buffer.from(VALUE).toString('base64').slice(0, -4)]

/** Lets a client ask the servers, and checks what it got and what they got. */
export async function checkClient(
  t: TestContext,
  command: readonly string[],
  { env = {}, ...options }: BlindRunOptions & { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const world = await blindRun(t, options)
  const run = world.start(['run', '--blind', ...world.flags, '--', ...command], env)
  run.child.stdin.end()
  const code = await run.ended
  const [out, err] = [run.out(), run.err()]
  assert.equal(code, 0, err)
  assert.match(out, /done\n$/, err)
  for (const form of FORMS) assert.ok(!`${out}${err}`.includes(form), `${form} in ${out}`)
  const at = (server: string) => world.target.arrived.filter((it) => it.server === server)
  const basic = `Basic ${Buffer.from(`user:${VALUE}`).toString('base64')}`
  for (const [path, authorization] of [
    ['/echo', `Bearer ${VALUE}`],
    ['/gzip', `Bearer ${VALUE}`],
    ['/chunked', `Bearer ${VALUE}`],
    ['/redirect', `Bearer ${VALUE}`],
    ['/upload', `Bearer ${VALUE}`],
    ['/basic', basic],
  ] as const) {
    const arrived = at('api').find(({ line }) => line.endsWith(` ${path}`))
    assert.equal(arrived?.headers['authorization'], authorization, `${path}: ${out}`)
  }
  assert.equal(at('api').find(({ line }) => line === 'POST /upload')?.body, 'onetwo')
  assert.ok(at('other').length > 0, out)
  assert.ok(!JSON.stringify(at('other')).includes(VALUE))
  assert.deepEqual(at('plain'), [], 'plain HTTP')
  const placeholder = /locketblind[A-Za-z0-9]+/.exec(JSON.stringify(at('other')))?.[0] ?? 'none'
  assert.ok(out.includes(placeholder.slice(0, VALUE.length)), 'echo shows the placeholder')
  return out
}
