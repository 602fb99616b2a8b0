import type { TestContext } from 'node:test'
import type { SecretRequest } from '../../../src/core/volume/swarm/secret-request.ts'
import { isLocketError } from '../../../src/core/vocabulary/errors.ts'
import { openWorld, testDriver } from '../world.ts'

let tasks = 0

/** The question of an engine for the next task of a service. */
export function requestFor(reference: string, facts: Partial<SecretRequest> = {}): SecretRequest {
  tasks += 1
  return {
    secret: 'db_password',
    labels: { 'locket.secret': reference },
    taskId: `task-${tasks}`,
    task: `shop_db.1.task-${tasks}`,
    service: 'shop_db',
    serviceLabels: {},
    image: 'bb:latest',
    node: 'node-1',
    ...facts,
  }
}

/** A driver in its world, and functions that ask it for Swarm secrets. */
export async function openSwarm(t: TestContext, rules: Parameters<typeof setRules>[1] = []) {
  const world = await openWorld(t)
  setRules(world, rules)
  const driver = testDriver(world)
  t.after(async () => {
    driver.swarm[Symbol.dispose]()
    await driver.clients.close()
  })

  /** The value as text, or the code of the error. */
  async function ask(request: SecretRequest): Promise<string> {
    try {
      const value = await driver.swarm.valueFor(request)
      const text = Buffer.from(value.reveal()).toString()
      value.wipe()
      return text
    } catch (thrown) {
      if (!isLocketError(thrown)) throw thrown
      return thrown.code
    }
  }

  /** The same, while the clock goes on until there is an answer. `ms`: how long that took. */
  async function askSlowly(request: SecretRequest): Promise<{ readonly text: string; readonly ms: number }> {
    const start = world.clock.elapsed()
    const answer = { text: '', isThere: false }
    const asking = ask(request).then((text) => Object.assign(answer, { text, isThere: true }))
    while (!answer.isThere) await world.clock.advance(50)
    await asking
    return { text: answer.text, ms: world.clock.elapsed() - start }
  }
  return { world, driver, ask, askSlowly }
}

function setRules(
  world: Awaited<ReturnType<typeof openWorld>>,
  rules: Awaited<ReturnType<typeof openWorld>>['rules'],
): void {
  world.rules = rules
}
