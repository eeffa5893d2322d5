"""Stores that no optviz has written: one good training beside others, each wrong in its own way."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from optviz.data import Synthetic
from optviz.networks import Linear
from optviz.runs import schema
from optviz.specs.experiment import TrainSpec
from optviz.specs.run import Run

SPEC = TrainSpec(
    Synthetic(num_train=640, num_test=20), Linear(), (Run.parse("adam"), Run.parse("sgd"))
)

DEEP = "[" * 100_000
LONG = "x" * 40_000_000  # bytes, more than a value may have

# (column, what stands in it), each for a training of its own. Numbers stay as they are, JSON too.
ROWS: list[tuple[str, object]] = [
    ("id", b"\x00\xff"),
    ("id", "../../evil"),
    ("id", "20250101-000000-0000000G"),
    ("id", 7),
    ("id", "<img src=x>"),
    ("id", None),
    ("name", b"bytes"),
    ("name", "n" * 121),
    ("name", "n" * 5_000_000),
    ("name", LONG),
    ("created", "abc"),
    ("created", -1.0),
    ("created", 1e300),
    ("created", 9e999),
    ("created", -9e999),
    ("created", b"1"),
    ("queued", "soon"),
    ("queued", 1e18),
    ("spec", ""),
    ("spec", "null"),
    ("spec", "[]"),
    ("spec", "{}"),
    ("spec", '"text"'),
    ("spec", "{"),
    ("spec", DEEP),
    ("spec", '{"dataset":' * 100_000),
    ("spec", "9" * 10_000),
    ("spec", "NaN"),
    ("spec", b"{}"),
    ("spec", 3),
    ("spec", LONG),
    ("options", "[1]"),
    ("options", "null"),
    ("options", "x"),
    ("options", DEEP),
    ("options", '{"checkpoint_every": 0}'),
    ("options", '{"checkpoint_every": -3}'),
    ("options", '{"checkpoint_every": true}'),
    ("options", '{"checkpoint_every": 1.5}'),
    ("options", '{"checkpoint_every": "7"}'),
    ("options", '{"checkpoint_every": 1e999}'),
    ("options", '{"download": "yes"}'),
    ("options", '{"deterministic": 1}'),
    ("options", '{"platforms": ["cpu"]}'),
    ("options", '{"platforms": "' + "c" * 101 + '"}'),
    ("state", "odd"),
    ("state", ""),
    ("state", 1),
    ("state", "FINISHED"),
    ("message", b"\xff"),
    ("message", "m" * 10_001),
    ("stop_asked", "yes"),
    ("stop_asked", 2),
    ("stop_asked", 0.5),
    ("pid", "one"),
    ("pid", -1),
    ("pid", 2**40),
    ("pid", 1.5),
    ("process_started", "then"),
    ("process_started", 9e999),
    ("attempt", -1),
    ("attempt", 2**40),
    ("attempt", "one"),
    ("environment", "[1]"),
    ("environment", '"x"'),
    ("environment", "7"),
    ("environment", DEEP),
    ("environment", '{"threads": "many"}'),
    ("environment", '{"threads": -4}'),
    ("environment", '{"threads": 1e3}'),
    ("environment", '{"device": [1]}'),
    ("environment", '{"versions": {"jax": {"deep": 1}}}'),
    ("environment", '{"device": 1e999}'),
    ("environment", '{"device": "\\ud800"}'),
    ("outcome", '"x"'),
    ("outcome", "{}"),
    ("outcome", "[1]"),
    ("outcome", "[[]]"),
    ("outcome", '[{"best_accuracy": "high"}]'),
    ("outcome", '[{"best_accuracy": 7}]'),
    ("outcome", '[{"last_epoch": [1]}]'),
    ("outcome", '[{"last_epoch": {"val_accuracy": "x"}}]'),
    ("outcome", '[{"last_epoch": {"val_accuracy": 1e999}}]'),
    ("outcome", '[{"steps": -1}]'),
    ("outcome", '[{"label": 5}]'),
]
# A setting of the spec, in the place of the right one.
SPECS: list[tuple[str, object]] = [
    ("epochs", 0),
    ("epochs", "2"),
    ("epochs", 10**30),
    ("epochs", None),
    ("runs", 5),
    ("runs", []),
    ("runs", [5]),
    ("runs", ["no such rule"]),
    ("runs", [["adam"]]),
    ("runs", {"adam": 1}),
    ("runs", "adam"),
    ("network", 7),
    ("network", "no_such"),
    ("network", ["linear"]),
    ("dataset", None),
    ("dataset", "../../etc/passwd"),
    ("schedule", 3),
    ("vary", 7),
    ("vary", ["epochs=" + "|".join(map(str, range(1, 1000)))]),
    ("loss", ["x"]),
    ("l2", "much"),
    ("label_smoothing", {}),
    ("directory", 5),
    ("batch_size", 1.5),
]
STEPS = '{"kind":"steps","run":0,"step":0,"losses":%s,"grad_norms":%s,"clock":%s,"waited":0.0}'
EPOCH = (
    '{"kind":"epoch","run":0,"epoch":%s,"train_loss":%s,"train_accuracy":%s,"val_loss":null,'
    '"val_accuracy":null,"seconds":1.0,"clock":1.0}'
)
LAYERS = (
    '{"kind":"layers","run":0,"step":%s,"names":%s,"update_ratios":%s,"dead_names":[],"dead":[]}'
)
STARTED = (
    '{"kind":"started","labels":["a","b"],"num_steps":%s,"steps_per_epoch":%s,"num_params":[1,1],'
    '"num_train":[1,1],"num_validation":[1,1],"class_names":[],"note":""}'
)
ELSEWHERE = (0, '{"kind":"compiling","run":1}')
# (run, what stands in the body) of one more event.
EVENTS: list[tuple[object, object]] = [
    (999, '{"kind":"compiling","run":999}'),
    (-1, '{"kind":"compiling","run":-1}'),
    ELSEWHERE,
    ("x", '{"kind":"compiling","run":"x"}'),
    (0, '{"kind":"compiling","run":true}'),
    (0, '{"kind":"compiling","run":0.0}'),
    (0, '{"kind":"compiling","run":0,"more":1}'),
    (0, '{"kind":"nothing","run":0}'),
    (0, '{"kind":["steps"],"run":0}'),
    (0, '{"run":0}'),
    (0, "null"),
    (0, "[]"),
    (0, "7"),
    (0, ""),
    (0, b"\xff\xfe"),
    (0, 5),
    (0, DEEP),
    (0, LONG),
    (0, STEPS % ("null", "null", "0.0")),
    (0, STEPS % ("[1.0]", "[]", "0.0")),
    (0, STEPS % ('["1"]', "[1.0]", "0.0")),
    (0, STEPS % ("[[1.0]]", "[1.0]", "0.0")),
    (0, STEPS % ("[1e999]", "[1.0]", "0.0")),
    (0, STEPS % ("[1e300]", "[1.0]", "0.0")),
    (0, STEPS % ("[NaN]", "[1.0]", "0.0")),
    (0, STEPS % ("[1.0]", "[1.0]", '"0"')),
    (0, STEPS % ("[1.0]", "[1.0]", "1e999")),
    (0, STEPS % ("[0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5,0.5]", "[0,0,0,0,0,0,0,0,0]", "1.0")),
    (0, EPOCH % ("-1", "1.0", "0.5")),
    (0, EPOCH % ("1.5", "1.0", "0.5")),
    (0, EPOCH % ("0", "1.0", "0.5")),
    (0, EPOCH % ("5", '"low"', "0.5")),
    (0, EPOCH % ("5", "1.0", "50")),
    (0, LAYERS % ("0", '["a"]', "[]")),
    (0, LAYERS % ("0", '"a"', "[1.0]")),
    (0, LAYERS % ("99", '["a"]', "[1.0]")),
    (0, LAYERS % ("0", '["a"]', '[1.0],"grad_ratios":[1.0,2.0]')),
    (0, LAYERS % ("0", '["a"]', '[1.0],"grad_ratios":[]')),
    (None, STARTED % ("[5]", "[5,5]")),
    (None, STARTED % ("[5,5]", "[0,0]")),
    (None, STARTED % ("[5,1e9]", "[5,5]")),
    (None, STARTED % ("[5,99000000000]", "[5,5]")),
    (None, STARTED % ("5", "[5,5]")),
    (None, '{"kind":"notice","text":5}'),
    (None, '{"kind":"downloading","done":-1,"total":"x"}'),
    (0, '{"kind":"end","run":0,"outcome":"won","diverged_at":-1}'),
    (0, '{"kind":"end","run":0,"outcome":"finished","diverged_at":"never"}'),
]
EVENT = "INSERT INTO events (training, run, body) VALUES (?, ?, ?)"
GOOD_EVENTS = [
    (None, STARTED % ("[8,8]", "[4,4]")),
    (0, STEPS % ("[0.5,null]", "[1.0,2.0]", "0.5")),
    (0, EPOCH % ("0", "1.0", "0.5")),
    (0, LAYERS % ("1", '["w"]', "[0.001]")),
    (0, '{"kind":"end","run":0,"outcome":"stopped","diverged_at":-1}'),
]


def name_of(number: int) -> str:
    return f"20250101-120000-{number:08x}"


GOOD = name_of(0)


def made(path: Path, *, rows=ROWS, specs=SPECS, events=EVENTS) -> list[str]:
    """A store with the good training, and one for each thing that can be wrong; ids of these."""
    spec = SPEC.to_json()
    count = len(rows) + len(specs) + len(events)
    schema.connect(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("BEGIN")
        for number in range(count + 1):
            name, outcome = name_of(number), json.dumps([{"label": "a", "best_accuracy": 0.5}])
            good = (
                name,
                f"training {number}",
                1e9,
                1e9,
                json.dumps(spec),
                "{}",
                "stopped",
                outcome,
            )
            raw.execute(
                "INSERT INTO trainings (id, name, created, queued, spec, options, state, outcome) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                good,
            )
            raw.executemany(EVENT, [(name, *event) for event in GOOD_EVENTS])
        wrong = iter(range(1, count + 1))
        for column, value in rows:
            where = name_of(next(wrong))
            raw.execute(f"UPDATE trainings SET {column} = ? WHERE id = ?", (value, where))
        for field, value in specs:
            changed = json.dumps(spec | {field: value})
            raw.execute(
                "UPDATE trainings SET spec = ? WHERE id = ?", (changed, name_of(next(wrong)))
            )
        for run, body in events:
            raw.execute(EVENT, (name_of(next(wrong)), run, body))
        raw.execute("COMMIT")
    return [name_of(number) for number in range(1, count + 1)]


def altered(path: Path, script: str) -> None:
    """A small good store on which a script of SQL was run."""
    made(path, rows=[], specs=[], events=[])
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(script)


COLUMNS = (
    "id, name, created, queued, spec, options, state, message, stop_asked, pid, process_started, "
    "attempt, environment, outcome, deleted_at"
)
FOREVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
# What a file may hold beside tables, or in their place.
SCRIPTS = {
    "a recursive view": f"""ALTER TABLE trainings RENAME TO old;
        CREATE VIEW trainings AS {FOREVER} x AS id, 'n' AS name, 1.0 AS created, 1.0 AS queued,
        '{{}}' AS spec, '{{}}' AS options, 'stopped' AS state, '' AS message, 0 AS stop_asked,
        NULL AS pid, NULL AS process_started, 0 AS attempt, NULL AS environment, NULL AS outcome,
        NULL AS deleted_at FROM n;""",
    "events as a view": f"""DROP TABLE events;
        CREATE VIEW events AS {FOREVER} x AS position, '{GOOD}' AS training, 0 AS run,
        '{{}}' AS body FROM n;""",
    "a view beside": f"CREATE VIEW more AS {FOREVER} x FROM n;",
    "a trigger": """CREATE TRIGGER t AFTER UPDATE ON trainings BEGIN
        DELETE FROM events; END;""",
    "a full-text table": "CREATE VIRTUAL TABLE words USING fts5(body);",
    "an R*Tree in the place": """DROP TABLE events;
        CREATE VIRTUAL TABLE events USING rtree(position, training, run);""",
    "a generated column": """ALTER TABLE trainings ADD COLUMN g TEXT
        GENERATED ALWAYS AS (hex(zeroblob(1000000))) VIRTUAL;""",
    "a generated name": f"""ALTER TABLE trainings RENAME TO old;
        CREATE TABLE trainings (id TEXT PRIMARY KEY, created REAL, queued REAL, spec TEXT,
        options TEXT, state TEXT, message TEXT, stop_asked INTEGER, pid INTEGER,
        process_started REAL, attempt INTEGER, environment TEXT, outcome TEXT, deleted_at REAL,
        name TEXT GENERATED ALWAYS AS (hex(zeroblob(9000000))));
        INSERT INTO trainings ({COLUMNS.replace("name, ", "")})
        SELECT {COLUMNS.replace("name, ", "")} FROM old; DROP TABLE old;""",
    "an index of an expression": "CREATE INDEX i ON trainings (hex(zeroblob(1000)));",
    "one more table": "CREATE TABLE extra (x);",
    "one more column": "ALTER TABLE events ADD COLUMN more TEXT;",
    "no row numbers": f"""ALTER TABLE trainings RENAME TO old;
        CREATE TABLE trainings (id TEXT PRIMARY KEY, name, created, queued, spec, options, state,
        message, stop_asked, pid, process_started, attempt, environment, outcome, deleted_at)
        WITHOUT ROWID; INSERT INTO trainings SELECT {COLUMNS} FROM old; DROP TABLE old;""",
    "a lost column": "ALTER TABLE events DROP COLUMN body;",
    "no events": "DROP TABLE events;",
    "a newer version": "PRAGMA user_version = 99;",
    "a schema that is none": """PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET sql = 'CREATE TABLE trainings (' WHERE name = 'trainings';""",
    "a schema that lies": """PRAGMA writable_schema = ON;
        UPDATE sqlite_schema SET rootpage = 900000 WHERE name = 'events';""",
}


def cut(path: Path) -> None:
    made(path, rows=[], specs=[], events=[])
    path.write_bytes(path.read_bytes()[:5000])


def noise(path: Path) -> None:
    made(path, rows=[], specs=[], events=[])
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(range(1, 256)) * (len(content) // 255))


def text(path: Path) -> None:
    path.write_text("no store" * 10_000)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(20 << 30)


FILES = {kind.__name__: kind for kind in (cut, noise, text, empty, sparse)}
