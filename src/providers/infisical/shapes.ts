import { Choice } from '../../settings/kinds.ts'
import { matching, type Output } from '../../settings/schema.ts'

/** The schema of an environment's slug, in a reference and in a setting. Its message quotes nothing. */
export const Environment = matching(
  /^[A-Za-z0-9_-]{1,64}$/,
  'must be the slug of an environment: letters, digits, - and _',
)

/**
 * The schema of a project id. Older projects have ids of 24 hexadecimal digits. Its message quotes nothing.
 */
export const ProjectId = matching(
  /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24})$/i,
  'must be the id of a project, like 3832b656-a93b-45ad-bdfa-b267016802c3',
).transform((text) => text.toLowerCase())

/** The schema of a folder. Its value has a slash at the end only for the root. Its message quotes nothing. */
export const FolderPath = matching(
  /^\/([A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*\/?)?$/,
  'must be a folder like /app/db',
).transform((text) => (text === '/' ? text : text.replace(/\/$/, '')))

/** The schema of a secret's type. */
export const SecretType = Choice(['shared', 'personal'])
/** The type of a secret: a personal one belongs to one identity. */
export type SecretType = Output<typeof SecretType>
