import { LocketError } from '../../core/vocabulary/errors.ts'
import { parseDuration } from '../../core/text/units.ts'
import { field, section } from '../../settings/field.ts'
import { AbsolutePath, List, Names, Switch, Text } from '../../settings/kinds.ts'
import { AnyText } from '../../settings/schema.ts'
import { serveSection } from './serve-section.ts'

const { stateDir, adminListen } = serveSection.fields

/** The settings by which commands find the admin API of a broker on this host. */
export const brokerAdminSection = section('broker-admin', 'The broker', { stateDir, adminListen })

/** ISO 8601, with an offset from UTC. */
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/

/** A duration from now such as `720h`, or a moment such as `2027-01-31T00:00:00Z`. */
const Expiry = AnyText.transform((text): { readonly inMs: number } | { readonly at: string } => {
  if (MOMENT.test(text) && !Number.isNaN(Date.parse(text))) return { at: new Date(text).toISOString() }
  try {
    return { inMs: parseDuration(text) }
  } catch (thrown) {
    if (!(thrown instanceof LocketError)) throw thrown
    throw new LocketError('config', 'must be a duration like 720h, or a moment like 2027-01-31T00:00:00Z')
  }
})

const projectField = field({
  name: 'project',
  schema: Text.optional(),
  summary: 'the project of the secrets',
  placeholder: 'PROJECT',
})

/** The settings of `locket machine add`. */
export const machineAddSection = section('machine-add', 'locket machine add', {
  project: projectField,
  secrets: field({
    name: 'secret',
    kind: 'list',
    schema: Names.optional(),
    summary:
      'a secret that it may read, NAME of --project or PROJECT/NAME; left out: all secrets of --project',
    placeholder: 'NAME',
  }),
  cidrs: field({
    name: 'cidr',
    kind: 'list',
    schema: Names.optional(),
    summary: 'a network that it may ask from, such as 10.0.0.0/8; left out: any',
    placeholder: 'CIDR',
  }),
  expires: field({
    name: 'expires',
    schema: Expiry.optional(),
    summary: 'when its access ends: a duration such as 720h, or a moment such as 2027-01-31T00:00:00Z',
    placeholder: 'TIME',
  }),
  approve: field({
    name: 'approve',
    kind: 'switch',
    schema: Switch,
    default: 'false',
    summary: 'after its enrolment it waits for `locket machine enable`, so that you can compare fingerprints',
  }),
  issuer: field({
    name: 'issuer',
    schema: Text.optional(),
    summary: 'it is a workload, which proves itself by a token of this issuer of the broker and has no key',
    placeholder: 'ISSUER',
  }),
  claims: field({
    name: 'claim',
    kind: 'list',
    schema: List.optional(),
    summary: 'with --issuer: a claim that its token must have; * in the pattern stands for any characters',
    placeholder: 'NAME=PATTERN',
  }),
  bundle: field({
    name: 'bundle',
    schema: Text.optional(),
    summary: 'let the broker make the key, and write the identity as a ZIP archive to this file',
    placeholder: 'FILE',
  }),
})

/** The settings of `locket secret-ref`. */
export const secretRefSection = section('secret-ref', 'locket secret-ref', { project: projectField })

/** The settings of `locket enrol`. */
export const enrolSection = section('enrol', 'locket enrol', {
  folder: field({
    name: 'identity-dir',
    env: 'LOCKET_IDENTITY_DIR',
    schema: AbsolutePath,
    default: '/etc/locket/identity',
    userDefault: 'identity',
    summary: 'the folder for the identity: identity.json and private.pem',
    placeholder: 'DIR',
  }),
})
