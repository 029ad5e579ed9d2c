/**
 * The schema, as steps that are applied once each, in their order. A released step never
 * changes; the number of steps that a database has had stands in its `user_version`.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE vms (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL
      CHECK (status IN ('pending', 'starting', 'running', 'stopped', 'crashed')),
    runtime TEXT NOT NULL,
    accel TEXT NOT NULL,
    layout TEXT NOT NULL,
    pid INTEGER,
    start_ticks INTEGER,
    mac_address TEXT NOT NULL,
    cpu_cores INTEGER NOT NULL CHECK (cpu_cores >= 1),
    memory_mb INTEGER NOT NULL CHECK (memory_mb >= 1),
    kernel_cmdline TEXT,
    token TEXT NOT NULL,
    reason TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE ip_allocations (
    ip_address TEXT PRIMARY KEY,
    vm_id TEXT NOT NULL UNIQUE REFERENCES vms (id) ON DELETE CASCADE,
    allocated_at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    type TEXT NOT NULL,
    vm_id TEXT NOT NULL,
    body TEXT NOT NULL,
    at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE plugins (
    name TEXT PRIMARY KEY,
    version TEXT NOT NULL,
    enabled INTEGER NOT NULL DEFAULT 0 CHECK (enabled IN (0, 1)),
    settings TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(settings)),
    installed_at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE workloads (
    id TEXT PRIMARY KEY,
    vm_id TEXT NOT NULL REFERENCES vms (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    spec TEXT NOT NULL CHECK (json_valid(spec)),
    status TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
  ) STRICT;
  `,
  // Lines of logs are events, too, and are kept by limits of their own.
  `
  CREATE INDEX events_life ON events (seq) WHERE type <> 'VM_LOG';
  CREATE INDEX events_log ON events (seq) WHERE type = 'VM_LOG';
  CREATE TABLE events_removed (
    kind TEXT PRIMARY KEY CHECK (kind IN ('life', 'log')),
    seq INTEGER NOT NULL
  ) STRICT;
  INSERT INTO events_removed VALUES
    ('life', (SELECT coalesce(min(seq) - 1, 0) FROM events)),
    ('log', 0);
  `,
  `
  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
    secret_sha256 TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    last_used_at TEXT
  ) STRICT;

  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    principal TEXT NOT NULL,
    key_id TEXT,
    role TEXT NOT NULL,
    via TEXT NOT NULL,
    peer TEXT,
    operation TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL
  ) STRICT;
  `,
  // Statuses and settings of the whole life. SQLite cannot change a CHECK, so the table is made
  // anew; what refers to it is kept aside, since dropping it would take that along.
  `
  CREATE TABLE vms_next (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL CHECK (
      status IN ('pending', 'starting', 'running', 'paused', 'stopping', 'stopped', 'crashed')
    ),
    runtime TEXT NOT NULL,
    accel TEXT NOT NULL,
    layout TEXT NOT NULL,
    image TEXT NOT NULL,
    pid INTEGER,
    start_ticks INTEGER,
    agent_url TEXT,
    mac_address TEXT NOT NULL,
    cpu_cores INTEGER NOT NULL CHECK (cpu_cores >= 1),
    memory_mb INTEGER NOT NULL CHECK (memory_mb >= 1),
    kernel_cmdline TEXT,
    token TEXT NOT NULL,
    labels TEXT NOT NULL CHECK (json_valid(labels)),
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    restarts INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    expires_at TEXT,
    started_at TEXT,
    ready_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
  ) STRICT;

  INSERT INTO vms_next (
    id, name, status, runtime, accel, layout, image, pid, start_ticks, mac_address, cpu_cores,
    memory_mb, kernel_cmdline, token, labels, settings, reason, started_at, created_at, updated_at
  ) SELECT
    id, name, status, runtime, accel, layout, 'current', pid, start_ticks, mac_address, cpu_cores,
    memory_mb, kernel_cmdline, token, '{}',
    '{"egress":"internet","restart_policy":"never","idle_timeout_ms":null,"environment":{},' ||
    '"chrome":{"flags":[]}}', reason, CASE status WHEN 'pending' THEN NULL ELSE created_at END,
    created_at, updated_at
  FROM vms ORDER BY created_at, rowid;

  CREATE TEMPORARY TABLE leases_kept AS SELECT * FROM ip_allocations;
  DROP TABLE ip_allocations;
  DROP TABLE workloads;
  DROP TABLE vms;
  ALTER TABLE vms_next RENAME TO vms;

  CREATE TABLE ip_allocations (
    ip_address TEXT PRIMARY KEY,
    vm_id TEXT NOT NULL UNIQUE REFERENCES vms (id) ON DELETE CASCADE,
    allocated_at TEXT NOT NULL
  ) STRICT;
  INSERT INTO ip_allocations SELECT * FROM leases_kept;
  DROP TABLE leases_kept;

  CREATE TABLE workloads (
    id TEXT PRIMARY KEY,
    vm_id TEXT NOT NULL REFERENCES vms (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    spec TEXT NOT NULL CHECK (json_valid(spec)),
    status TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash TEXT NOT NULL,
    vm_id TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (caller, key)
  ) STRICT;
  CREATE INDEX idempotency_keys_at ON idempotency_keys (at);
  `,
  // Profiles, and which VM has which. What a profile holds is sealed and stands last, so that lists
  // read past it. A VM that writes to a profile is its only one for as long as it has its row.
  `
  CREATE TABLE profiles (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    cookies INTEGER NOT NULL,
    origins INTEGER NOT NULL,
    save_error TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;
  ALTER TABLE vms ADD COLUMN profile TEXT REFERENCES profiles (name);
  ALTER TABLE vms ADD COLUMN profile_mode TEXT
    CHECK (profile_mode IN ('read_only', 'write_back'));
  CREATE UNIQUE INDEX vms_profile_writer ON vms (profile) WHERE profile_mode = 'write_back';
  `,
];
