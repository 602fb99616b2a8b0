import type { AccessFacts } from '../../../core/volume/host-view.ts'
import { systemReason } from '../../../core/vocabulary/system-errors.ts'
import { errnoOf } from '../../../core/vocabulary/errors.ts'
import { noted, ok, problem, type DoctorCheck, type Finding, type Patient } from '../finding.ts'

/** The bits of the group and of others. */
const OTHERS = 0o077
const WRITTEN_BY_OTHERS = 0o022
/** Files of the configuration folder that hold secrets. */
const PRIVATE = ['locket.toml', 'local.key', 'secrets.age', 'token', 'tokens']

/** Who can read the configuration folder, its keys, and the tokens in it. */
export const checkPermissions: DoctorCheck = async ({ host, folder }) => {
  try {
    const top = await host.access(folder)
    if (top === undefined) return [noted(`there is no ${folder}`, 'locket init makes it, with what it needs')]
    const names = (await host.names(folder)).filter((name) => PRIVATE.includes(name))
    const tokens = (await host.names(`${folder}/tokens`)).map((name) => `tokens/${name}`)
    const isClosed = (top.mode & OTHERS) === 0
    const below = await Promise.all(
      [...names, ...tokens].map((name) => findingOf(host, `${folder}/${name}`, isClosed)),
    )
    const wrong = [...wrongOf(folder, top, false), ...below.flat()]
    return wrong.length > 0
      ? wrong
      : [ok(`${folder} and its ${below.length} files with secrets are closed to others`)]
  } catch (thrown) {
    return [
      problem(`${folder} cannot be looked at: ${systemReason(errnoOf(thrown))}`, 'run this command as root'),
    ]
  }
}

async function findingOf(host: Patient['host'], path: string, isClosed: boolean): Promise<Finding[]> {
  const found = await host.access(path)
  return found === undefined ? [] : wrongOf(path, found, isClosed)
}

/** `isClosed`: nobody else gets to the file, because the folder above is closed. */
function wrongOf(path: string, { mode, uid, isFolder }: AccessFacts, isClosed: boolean): Finding[] {
  const open = isClosed ? 0 : mode & OTHERS
  const shown = `0${mode.toString(8).padStart(3, '0')}`
  const who = (open & WRITTEN_BY_OTHERS) === 0 ? 'read' : 'change'
  return [
    ...(open === 0
      ? []
      : [problem(`others can ${who} ${path} (mode ${shown})`, `chmod ${isFolder ? '700' : '600'} ${path}`)]),
    ...(uid === 0 ? [] : [noted(`${path} belongs to user ${uid}, not to root`, `chown root: ${path}`)]),
  ]
}
