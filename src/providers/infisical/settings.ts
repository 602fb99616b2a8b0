import { field, section, type SettingsOf } from '../../settings/field.ts'
import { CredentialText, HttpUrl } from '../../settings/kinds.ts'
import { caCertField, maxConcurrentField, maxRateField } from '../lib/http/traffic-settings.ts'
import { Environment, FolderPath, ProjectId, SecretType } from './shapes.ts'

const NAMED = { prefix: 'infisical-', env: 'INFISICAL_', server: 'Infisical' }

/** The settings of the provider `infisical`. */
export const infisicalSettings = section('infisical', 'Infisical', {
  url: field({
    name: 'infisical-url',
    env: 'INFISICAL_URL',
    schema: HttpUrl,
    default: 'https://us.infisical.com',
    summary: 'address of the Infisical server; https://eu.infisical.com for the cloud in the EU',
    placeholder: 'URL',
    needsCredential: ['infisical-client-secret'],
    isAsked: true,
  }),
  clientId: field({
    name: 'infisical-client-id',
    env: 'INFISICAL_CLIENT_ID',
    schema: CredentialText.optional(),
    summary: 'client id of a machine identity with universal auth',
    placeholder: 'ID',
    credential: true,
    isPublic: true,
  }),
  clientSecret: field({
    name: 'infisical-client-secret',
    env: 'INFISICAL_CLIENT_SECRET',
    schema: CredentialText.optional(),
    summary: 'client secret of the machine identity',
    placeholder: 'SECRET',
    credential: true,
  }),
  defaultEnvironment: field({
    name: 'infisical-default-environment',
    onlyParses: true,
    env: 'INFISICAL_DEFAULT_ENVIRONMENT',
    schema: Environment.optional(),
    example: 'prod',
    summary: 'slug of the environment of references without env=',
    placeholder: 'SLUG',
    isAsked: true,
  }),
  defaultProjectId: field({
    name: 'infisical-default-project-id',
    onlyParses: true,
    env: 'INFISICAL_DEFAULT_PROJECT_ID',
    schema: ProjectId.optional(),
    example: '3832b656-a93b-45ad-bdfa-b267016802c3',
    summary: 'project of references without project_id=',
    placeholder: 'ID',
    isAsked: true,
  }),
  defaultPath: field({
    name: 'infisical-default-path',
    onlyParses: true,
    env: 'INFISICAL_DEFAULT_PATH',
    schema: FolderPath,
    default: '/',
    summary: 'folder of references without path=',
    placeholder: 'PATH',
  }),
  defaultSecretType: field({
    name: 'infisical-default-secret-type',
    onlyParses: true,
    env: 'INFISICAL_DEFAULT_SECRET_TYPE',
    schema: SecretType,
    default: 'shared',
    summary: 'shared or personal: type of references without type=',
    placeholder: 'TYPE',
  }),
  maxConcurrent: maxConcurrentField(NAMED),
  maxRate: maxRateField(NAMED, '120/m', ['infisical-client-secret']),
  caCert: caCertField(NAMED, ['infisical-client-secret']),
})

/** The parsed settings of the provider `infisical`. */
export type InfisicalSettings = SettingsOf<typeof infisicalSettings>
