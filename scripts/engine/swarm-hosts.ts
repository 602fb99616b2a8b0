import { command } from './command.ts'
import type { Engine } from './engine.ts'

const HUB = 'swarm-hub'
const LINK = 'swarm0'

/** The address of a host in the network of `joinManagers`. */
export function addressOf(index: number): string {
  return `10.78.0.${index + 1}`
}

/**
 * Connects the engines by a network, and makes all of them managers of one Swarm, the first one its leader.
 * The switch is a namespace of its own: an engine filters what its own bridges forward.
 */
export async function joinManagers(engines: readonly Engine[]): Promise<void> {
  const [first] = engines
  if (first === undefined) throw new Error('no engine')
  const init = (engine: Engine) => engine.sandbox.root.split('/')[2] ?? ''
  const hub = `/proc/${init(first)}/root/run/netns/${HUB}`
  const made = await first.sandbox.exec('ip', ['netns', 'add', HUB])
  if (made.code !== 0) throw new Error(made.stderr)
  await ip(hub, 'link', 'add', 'hub', 'type', 'bridge')
  await ip(hub, 'link', 'set', 'hub', 'up')
  for (const [index, engine] of engines.entries()) {
    const own = `/proc/${init(engine)}/ns/net`
    const port = `host${index}`
    await ip(hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', LINK, 'netns', init(engine))
    await ip(hub, 'link', 'set', port, 'master', 'hub', 'up')
    await ip(own, 'address', 'add', `${addressOf(index)}/24`, 'dev', LINK)
    await ip(own, 'link', 'set', LINK, 'up')
  }
  await first.ok(['swarm', 'init', ...addresses(0)])
  const token = await first.ok(['swarm', 'join-token', '-q', 'manager'])
  for (const [index, engine] of engines.entries())
    if (index > 0)
      await engine.ok(['swarm', 'join', '--token', token, ...addresses(index), `${addressOf(0)}:2377`])
}

/** Runs ip(8) in a network namespace. Numbers of processes are those of this process. */
async function ip(namespace: string, ...words: readonly string[]): Promise<void> {
  const ran = await command('nsenter', [`--net=${namespace}`, 'ip', ...words])
  if (ran.code !== 0) throw new Error(`ip ${words.join(' ')}: ${ran.stderr}`)
}

function addresses(index: number): string[] {
  const address = addressOf(index)
  return ['--advertise-addr', address, '--listen-addr', `${address}:2377`]
}
