CREATE TABLE trainings (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, created REAL NOT NULL, queued REAL NOT NULL,
    spec TEXT NOT NULL, options TEXT NOT NULL, state TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '', stop_asked INTEGER NOT NULL DEFAULT 0, pid INTEGER,
    process_started REAL, attempt INTEGER NOT NULL DEFAULT 0, environment TEXT, outcome TEXT);
CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    training TEXT NOT NULL REFERENCES trainings(id) ON DELETE CASCADE,
    run INTEGER, body TEXT NOT NULL);
CREATE INDEX events_by_training ON events (training, position);
INSERT INTO trainings VALUES (
    '20250101-120000-0123abcd', 'an old one', 1735732800.0, 1735732800.0,
    '{"dataset": "synthetic:num_train=64", "network": "linear", "runs": ["adam"], "schedule": null}',
    '{"download": false}', 'finished', '', 0, 4711, 1735732801.5, 1,
    '{"threads": 4}', '[{"label": "Adam"}]');
INSERT INTO events (training, run, body) VALUES
    ('20250101-120000-0123abcd', 0, '{"kind":"compiling","run":0}'),
    ('20250101-120000-0123abcd', 0, '{"kind":"end","run":0,"outcome":"finished","diverged_at":-1}');
PRAGMA user_version = 1;
