import * as z from 'zod'
import { Choice } from '../../settings/kinds.ts'

/** The parts of a reference, and the settings that replace them. The messages quote nothing. */
export const Environment = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be the slug of an environment: letters, digits, - and _')

/** Older projects have ids of 24 hexadecimal digits. */
export const ProjectId = z
  .string()
  .regex(
    /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24})$/i,
    'must be the id of a project, like 3832b656-a93b-45ad-bdfa-b267016802c3',
  )
  .transform((text) => text.toLowerCase())

/** Without a slash at the end, but for the root. */
export const FolderPath = z
  .string()
  .regex(/^\/([A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*\/?)?$/, 'must be a folder like /app/db')
  .transform((text) => (text === '/' ? text : text.replace(/\/$/, '')))

export const SecretType = Choice(['shared', 'personal'])
export type SecretType = z.output<typeof SecretType>
