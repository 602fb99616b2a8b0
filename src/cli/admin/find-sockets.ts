import { readdir, stat } from 'node:fs/promises'
import { errnoOf } from '../../core/vocabulary/errors.ts'

/** The admin socket of a daemon on the host, with the default runtime folder. */
const OF_HOST = '/var/lib/locket/admin.sock'
/** Each managed plugin has a folder here, named by its ID, which is /run/docker/plugins inside of it. */
const OF_PLUGINS = '/run/docker/plugins'
const NAME = 'locket-admin.sock'

/** The admin sockets of this machine. */
interface AdminSockets {
  /** Paths of sockets. The daemon of one may have ended. */
  readonly paths: readonly string[]
  /** True: there may be others, which only root sees. */
  readonly isHidden: boolean
}

/** Looks where daemons have their admin sockets, unless a setting says otherwise. Never rejects. */
export async function findAdminSockets(): Promise<AdminSockets> {
  let isHidden = false
  const note = (thrown: unknown): void => {
    if (errnoOf(thrown) === 'EACCES') isHidden = true
  }
  const isThere = async (path: string): Promise<boolean> =>
    await stat(path).then(
      (found) => found.isSocket(),
      (thrown: unknown) => (note(thrown), false),
    )
  const ids = await readdir(OF_PLUGINS).catch((thrown: unknown) => (note(thrown), []))
  const candidates = [OF_HOST, ...ids.map((id) => `${OF_PLUGINS}/${id}/${NAME}`)]
  const found = await Promise.all(candidates.map(isThere))
  return { paths: candidates.filter((_, index) => found[index]), isHidden }
}
