import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  doubtUses,
  lastLostMount,
  mountVolume,
  unmountVolume,
  type MountAnswer,
} from '../../app/volume/mount.ts'
import type { Driver } from '../../app/volume/driver.ts'
import {
  createVolume,
  getVolume,
  listVolumes,
  removeVolume,
  type VolumeView,
} from '../../app/volume/volumes.ts'
import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import { CreateRequest, MountRequest, NameRequest, parseBody } from './messages.ts'

/** The plugin protocol of a volume driver: nine calls, all POST. */
export function volumeDriver(server: FastifyInstance, driver: Driver): void {
  // Only a legacy socket is activated, by each engine that finds it: a managed plugin is started and stopped with its engine.
  server.post('/Plugin.Activate', async () => {
    await doubtUses(driver)
    return { Implements: ['VolumeDriver'] }
  })
  server.post('/VolumeDriver.Capabilities', () => ({ Capabilities: { Scope: 'local' } }))

  server.post('/VolumeDriver.Create', async (request, reply) => {
    const { Name, Opts } = parseBody(CreateRequest, request.body)
    await createVolume(driver, Name, Opts ?? {}, hangUpSignal(request, reply))
    return { Err: '' }
  })

  server.post('/VolumeDriver.Remove', async (request, reply) => {
    const { Name } = parseBody(NameRequest, request.body)
    await removeVolume(driver, Name, hangUpSignal(request, reply))
    return { Err: '' }
  })

  server.post('/VolumeDriver.Mount', async (request, reply) => {
    const { Name, ID } = parseMount(driver, request.body)
    const answer = await mountVolume(driver, Name, ID, hangUpSignal(request, reply))
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) void undo(driver, answer)
    })
    return { Mountpoint: answer.mountpoint, Err: '' }
  })

  server.post('/VolumeDriver.Unmount', async (request) => {
    const { Name, ID } = parseBody(MountRequest, request.body)
    await unmountVolume(driver, Name, ID)
    return { Err: '' }
  })

  server.post('/VolumeDriver.Path', (request) => {
    const { mountpoint } = getVolume(driver, parseBody(NameRequest, request.body).Name)
    return { Mountpoint: mountpoint, Err: '' }
  })

  server.post('/VolumeDriver.Get', (request) => {
    const view = getVolume(driver, parseBody(NameRequest, request.body).Name)
    return { Volume: volumeMessage(view), Err: '' }
  })

  server.post('/VolumeDriver.List', () => {
    const volumes = listVolumes(driver)
    return {
      Volumes: volumes.map(({ name, mountpoint }) => ({ Name: name, Mountpoint: mountpoint })),
      Err: '',
    }
  })
}

async function undo(driver: Driver, answer: MountAnswer): Promise<void> {
  try {
    await answer.undo()
  } catch (thrown) {
    driver.emit('volume.mount.lost.kept', {
      error: formatError(toLocketError(thrown)),
    })
  }
}

function volumeMessage(view: VolumeView) {
  return { Name: view.name, Mountpoint: view.mountpoint, CreatedAt: view.createdAt, Status: view.status }
}

/** A Mount without a body is the engine's second try after the first one outlived its limit: what that one met is what the user wants to read. */
function parseMount(driver: Driver, body: unknown): { readonly Name: string; readonly ID: string } {
  try {
    return parseBody(MountRequest, body)
  } catch (error) {
    const lost = typeof body === 'string' && body.trim() !== '' ? undefined : lastLostMount(driver)
    if (lost === undefined) throw error
    throw new LocketError('timeout', `${lost} (the engine stopped waiting for the mount)`, { cause: error })
  }
}

/** Aborts when the engine hangs up before the answer is written. */
function hangUpSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const hungUp = () => {
    if (!reply.raw.writableFinished)
      controller.abort(new LocketError('aborted', 'the engine hung up before the answer'))
  }
  if (request.raw.socket.destroyed) hungUp()
  reply.raw.once('close', hungUp)
  return controller.signal
}
