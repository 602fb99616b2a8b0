import { FIRST } from '../../core/audit/chain.ts'
import { LocketError } from '../../core/vocabulary/errors.ts'
import { DASHBOARD_TABLES, LOGIN_TABLES } from './dashboard/tables.ts'
import { REGISTRY_TABLES } from './grackle/registry-store.ts'

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
  [
    `CREATE TABLE audit (
      seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
      machine TEXT, secret TEXT, address TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
      hash TEXT NOT NULL)`,
    'CREATE INDEX audit_of_machine ON audit (machine, seq)',
    'CREATE INDEX audit_of_secret ON audit (secret, seq)',
    'CREATE INDEX audit_outcome ON audit (outcome, seq)',
    'CREATE INDEX audit_time ON audit (at)',
    'CREATE TABLE audit_head (id BIGINT PRIMARY KEY, seq BIGINT NOT NULL, hash TEXT NOT NULL)',
    // Row 1 is the last line of the chain. Row 0 is the last line that was deleted.
    `INSERT INTO audit_head VALUES (0, 0, '${FIRST}'), (1, 0, '${FIRST}')`,
  ],
  DASHBOARD_TABLES,
  REGISTRY_TABLES,
  LOGIN_TABLES,
  [
    'ALTER TABLE machine ADD COLUMN workload TEXT',
    `CREATE TABLE workload_session (
      id TEXT PRIMARY KEY, machine TEXT NOT NULL REFERENCES machine (id) ON DELETE CASCADE,
      signing_key BYTEA NOT NULL, sealing_key BYTEA NOT NULL, claims TEXT NOT NULL, expires BIGINT NOT NULL)`,
    'CREATE INDEX workload_session_expiry ON workload_session (machine, expires)',
  ],
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
