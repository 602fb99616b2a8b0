/** The tables of the dashboard: one step of the migrations. */
export const DASHBOARD_TABLES: readonly string[] = [
  `CREATE TABLE person (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT, is_admin BIGINT NOT NULL,
    created_at BIGINT NOT NULL, last_login BIGINT)`,
  `CREATE TABLE permission (
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, project TEXT NOT NULL,
    permission TEXT NOT NULL, PRIMARY KEY (person, project, permission))`,
  `CREATE TABLE session (
    hash TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL, expires BIGINT NOT NULL, seen_at BIGINT NOT NULL,
    address TEXT NOT NULL, agent TEXT NOT NULL)`,
  'CREATE INDEX session_of_person ON session (person)',
  `CREATE TABLE passkey (
    id TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE, name TEXT NOT NULL,
    public_key BYTEA NOT NULL, counter BIGINT NOT NULL, created_at BIGINT NOT NULL, last_used BIGINT)`,
  'CREATE INDEX passkey_of_person ON passkey (person)',
  `CREATE TABLE ticket (
    hash TEXT PRIMARY KEY, kind TEXT NOT NULL, person TEXT REFERENCES person (id) ON DELETE CASCADE,
    expires BIGINT NOT NULL)`,
  'ALTER TABLE machine ADD COLUMN owner TEXT',
  'CREATE INDEX machine_of_owner ON machine (owner)',
  'CREATE INDEX machine_of_state ON machine (state, last_seen, created_at)',
]

/** The tries of logins: the step after `DASHBOARD_TABLES`. */
export const LOGIN_TABLES: readonly string[] = [
  // free_at: the moment at which all tries are there again.
  'CREATE TABLE login_try (who TEXT PRIMARY KEY, is_person BIGINT NOT NULL, free_at BIGINT NOT NULL)',
]
