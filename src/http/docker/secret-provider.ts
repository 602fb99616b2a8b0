import type { FastifyInstance, FastifyReply } from 'fastify'
import * as z from 'zod'
import type { Driver } from '../../app/volume/driver.ts'
import type { SecretRequest } from '../../core/volume/swarm/secret-request.ts'
import { formatError, LocketError, toLocketError } from '../../core/vocabulary/errors.ts'
import type { Secret } from '../../core/vocabulary/secret.ts'
import { reportBug } from '../server.ts'
import { parseBody } from './messages.ts'
import type { PluginProtocol } from './protocol.ts'

/** The protocol of secret drivers of Swarm: one call. Only the manager that leads the Swarm makes it. */
export const secretProvider: PluginProtocol = {
  name: 'secretprovider',
  type: 'docker.secretprovider/1.0',
  routes: secretRoutes,
}

const Name = z.string().max(512)
const Labels = z.record(z.string().max(4096), z.string().max(65_536)).nullish()

/**
 * The body of SecretProvider.GetSecret, as engines 20.10 to 29 send it. They leave out what is empty. Secret
 * and task are always there: a request without them is for nobody.
 */
const GetSecretRequest = z.object({
  SecretName: Name.min(1),
  SecretLabels: Labels,
  TaskID: Name.min(1),
  TaskName: Name.nullish(),
  TaskImage: z.string().max(4096).nullish(),
  ServiceName: Name.nullish(),
  ServiceLabels: Labels,
  NodeID: Name.nullish(),
})

function secretRoutes(server: FastifyInstance, driver: Driver): void {
  // Without DoNotReuse an engine keeps one answer for all tasks of a node, whoever asked first.
  server.post(
    '/SecretProvider.GetSecret',
    {
      errorHandler: (thrown, request, reply) => {
        // Without a body the server itself has refused it, in words about driver options.
        const error = request.body === undefined ? refusalOf(thrown) : toLocketError(thrown)
        reportBug(driver.emit, request.url, error)
        void reply.code(200).send({ Err: formatError(error), DoNotReuse: true })
      },
    },
    async (request, reply) => {
      const value = await driver.swarm.valueFor(requestOf(request.body))
      return await sendValue(reply, value)
    },
  )
}

function requestOf(body: unknown): SecretRequest {
  const parsed = parseBody(GetSecretRequest, body)
  return {
    secret: parsed.SecretName,
    labels: parsed.SecretLabels ?? {},
    taskId: parsed.TaskID,
    task: parsed.TaskName ?? '',
    service: parsed.ServiceName ?? '',
    serviceLabels: parsed.ServiceLabels ?? {},
    image: parsed.TaskImage ?? '',
    node: parsed.NodeID ?? '',
  }
}

/** Sends the value, and wipes it and the body when the answer is on its way. */
async function sendValue(reply: FastifyReply, value: Secret): Promise<FastifyReply> {
  const body = answerBody(value)
  value.wipe()
  reply.raw.once('close', () => body.fill(0))
  return reply.code(200).type('application/json').send(body)
}

function answerBody(value: Secret): Buffer {
  const bytes = value.reveal()
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  return Buffer.from(`{"Value":"${text}","DoNotReuse":true}`)
}

function refusalOf(thrown: unknown): LocketError {
  const error = toLocketError(thrown)
  return error.code === 'too_large'
    ? new LocketError('too_large', 'the labels of secret and service are larger than 1 MiB')
    : error
}
