import { LocketError } from '../../core/vocabulary/errors.ts'
import { DASHBOARD_TABLES } from './dashboard/tables.ts'

/**
 * The steps from an empty database to the present one, for SQLite and PostgreSQL alike. A step that was
 * released is never changed: append another one. SQLite stores bytes in a column of any type.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    'CREATE TABLE project (name TEXT PRIMARY KEY, created_at BIGINT NOT NULL)',
    `CREATE TABLE secret (
      project TEXT NOT NULL REFERENCES project (name), name TEXT NOT NULL, reference TEXT NOT NULL,
      created_at BIGINT NOT NULL, PRIMARY KEY (project, name))`,
    `CREATE TABLE machine (
      id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, state TEXT NOT NULL, signing_key BYTEA,
      sealing_key BYTEA, cidrs TEXT NOT NULL, not_after BIGINT, created_at BIGINT NOT NULL, last_seen BIGINT)`,
    `CREATE TABLE grants (
      machine TEXT NOT NULL REFERENCES machine (id) ON DELETE CASCADE, project TEXT NOT NULL,
      secret TEXT NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (machine, project, secret))`,
    'CREATE INDEX grants_of_secret ON grants (project, secret)',
    `CREATE TABLE enrol_token (
      hash TEXT PRIMARY KEY, machine TEXT NOT NULL UNIQUE REFERENCES machine (id) ON DELETE CASCADE,
      expires BIGINT NOT NULL, needs_approval BIGINT NOT NULL)`,
    `CREATE TABLE bundle (
      hash TEXT PRIMARY KEY, machine TEXT NOT NULL UNIQUE REFERENCES machine (id) ON DELETE CASCADE,
      expires BIGINT NOT NULL, sealed BYTEA NOT NULL)`,
    'CREATE TABLE nonce (machine TEXT NOT NULL, nonce TEXT NOT NULL, expires BIGINT NOT NULL, PRIMARY KEY (machine, nonce))',
    'CREATE INDEX nonce_expiry ON nonce (expires)',
    'CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)',
  ],
  DASHBOARD_TABLES,
]

/** The table that records the steps that were taken. */
export const VERSION_TABLE = 'CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)'

/** The number of the last step that was taken, in one row. */
export const READ_VERSION = 'SELECT COALESCE(MAX(version), 0) AS version FROM schema_version'

/**
 * Returns the statements that bring a database of this version to the present one. Throws `config` if a newer
 * locket has written it.
 */
export function migrationsFrom(version: number): readonly string[] {
  if (version > MIGRATIONS.length)
    throw new LocketError(
      'config',
      `the broker's database was written by a newer locket (version ${version})`,
      {
        hint: `this one reads version ${MIGRATIONS.length}: upgrade locket, or restore a backup`,
      },
    )
  return MIGRATIONS.slice(version).flatMap((step, index) => [
    ...step,
    `INSERT INTO schema_version (version) VALUES (${version + index + 1})`,
  ])
}
