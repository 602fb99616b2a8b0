import assert from 'node:assert/strict'
import { after, test } from 'node:test'

import { CONFIG, LOCKET, startLocket } from '../../scripts/engine/locket.ts'

const PASSWORD = 'canary-e2e-doctor-password-8d11'
const engine = await startLocket({ secrets: { a: PASSWORD } })
after(() => engine[Symbol.asyncDispose]())

const doctor = () =>
  engine.sandbox.exec(LOCKET, ['doctor', '--docker-socket', '/run/e2e/docker.sock', '--folder', CONFIG])

test('a plugin that is disabled is a problem with its cure, which works', async () => {
  await engine.ok(['plugin', 'disable', '-f', 'locket'])
  const ill = await doctor()
  assert.equal(ill.code, 1, ill.stdout + ill.stderr)
  assert.match(
    ill.stdout,
    /^plugin +problem +the plugin locket is disabled.*\n {2}cure: docker plugin enable locket$/m,
  )
  await engine.ok(['plugin', 'enable', 'locket'])
  const well = await doctor()
  assert.equal(well.code, 0, well.stdout + well.stderr)
  assert.match(
    well.stdout,
    new RegExp(`^engine +ok +Docker Engine ${engine.version.replace('+', String.raw`\+`)} answers`, 'm'),
  )
  assert.match(well.stdout, /^plugin +ok +the plugin locket is enabled$/m)
  assert.match(well.stdout, new RegExp(`^plugin +ok +config.source is ${CONFIG}$`, 'm'))
  assert.ok(!(ill.stdout + well.stdout).includes(PASSWORD))
})
