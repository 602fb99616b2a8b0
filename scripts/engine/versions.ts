/**
 * Prints the versions of the engines that the end-to-end tests can use, and makes what is not there yet.
 * `node scripts/engine/versions.ts`
 */
import { succeed } from './command.ts'
import { composeProgram, enginePath } from './debian.ts'

for (const version of ['bookworm', 'sid', 'moby'] as const) {
  const env = { ...process.env, PATH: await enginePath(version) }
  const programs = ['dockerd', 'containerd', 'runc', 'docker']
  const lines = await Promise.all(programs.map((name) => succeed('env', [name, '--version'], { env })))
  process.stdout.write(`${version}: ${lines.map((line) => line.split('\n')[0]).join('; ')}\n`)
}
for (const chosen of ['', 'go']) {
  process.env['LOCKET_E2E_COMPOSE'] = chosen
  process.stdout.write(`compose: ${await succeed(await composeProgram(), ['version', '--short'])}\n`)
}
