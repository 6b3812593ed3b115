#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Turns the SQL files into one C source and its header: embed.py SOURCE HEADER FILE...

A file of migrations/ becomes one entry of sql_migrations, inside a transaction that also sets user_version; a file of queries/ becomes one
entry of sql_queries, and a value of SqlQuery, for each "-- name: NAME" line; any other file becomes sql_script_STEM.
Comments and blank lines stay out of the program.
"""

import pathlib
import re
import sys

LICENCE = "/* SPDX-License-Identifier: BSD-2-Clause */\n/* Made by sql/embed.py from the files of sql/. */\n"
NAME = re.compile(r"^-- name: ([a-z][a-z0-9_]*)$")


class SqlError(Exception):
    pass


def without_comments(line):
    """Cuts a comment; "--" inside a string literal is none."""
    quoted = False
    for position, character in enumerate(line):
        if character == "'":
            quoted = not quoted
        elif not quoted and line.startswith("--", position):
            return line[:position].rstrip()
    return line.rstrip()


def code(lines):
    stripped = (without_comments(line) for line in lines)
    return "".join(line + "\n" for line in stripped if line)


def read_migrations(paths):
    """The texts in order; the numbers in the names must be 1, 2, 3, …"""
    texts = []
    for number, path in enumerate(sorted(paths), start=1):
        if not path.name.startswith(f"{number:04}-"):
            raise SqlError(f"{path}: migration {number:04} is missing or the name is wrong")
        body = code(path.read_text("utf-8").splitlines())
        texts.append(f"BEGIN IMMEDIATE;\n{body}PRAGMA user_version = {number};\nCOMMIT;\n")
    return texts


def read_queries(paths):
    """[(name, text)] in the order of files and lines."""
    queries = {}
    for path in sorted(paths):
        name = None
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            marker = NAME.match(line)
            if marker:
                name = marker[1]
                if name in queries:
                    raise SqlError(f"{path}:{number}: there is a query {name} already")
                queries[name] = []
            elif name:
                queries[name].append(line)
            elif code([line]):
                raise SqlError(f"{path}:{number}: SQL before the first \"-- name:\" line")
    texts = [(name, code(lines)) for name, lines in queries.items()]
    for name, text in texts:
        if text.count(";") != 1 or not text.endswith(";\n"):
            raise SqlError(f"query {name}: exactly one statement, with a semicolon at its end, is needed")
    return texts


def literal(text):
    """C initialiser of octets: C only promises string literals of 4,095 characters."""
    octets = [str(octet) for octet in text.encode("utf-8") + b"\0"]
    rows = (", ".join(octets[at : at + 24]) for at in range(0, len(octets), 24))
    return "{\n    " + ",\n    ".join(rows) + "}"


def array(name, text, storage=""):
    return f"{storage}const char {name}[] = {literal(text)};\n"


def header(scripts, queries):
    values = "".join(f"    SQL_{name.upper()},\n" for name, _ in queries)
    externs = "".join(f"extern const char sql_script_{name}[];\n" for name in scripts)
    return (
        f"{LICENCE}#pragma once\n\n#include <stddef.h>\n\ntypedef enum SqlQuery {{\n{values}    SQL_QUERY_COUNT,\n}} SqlQuery;\n\n"
        "typedef struct SqlText {\n    const char *name;\n    const char *text;\n} SqlText;\n\n"
        "extern const SqlText sql_queries[SQL_QUERY_COUNT];\nextern const char *const sql_migrations[];\n"
        f"extern const size_t sql_migration_count;\n{externs}"
    )


def source(scripts, migrations, queries):
    parts = [LICENCE, '#include "sql/statements.h"\n\n']
    parts += [array(f"sql_script_{name}", text) for name, text in scripts.items()]
    parts += [array(f"migration_{number}", text, "static ") for number, text in enumerate(migrations, start=1)]
    parts += [array(f"query_{name}", text, "static ") for name, text in queries]
    parts += ["const char *const sql_migrations[] = {"]
    parts += [f"migration_{number}, " for number in range(1, len(migrations) + 1)]
    parts += [f"}};\nconst size_t sql_migration_count = {len(migrations)};\n"]
    parts += ["const SqlText sql_queries[SQL_QUERY_COUNT] = {\n"]
    parts += [f'    [SQL_{name.upper()}] = {{.name = "{name}", .text = query_{name}}},\n' for name, _ in queries]
    parts += ["};\n"]
    return "".join(parts)


def main(source_path, header_path, *names):
    paths = [pathlib.Path(name) for name in names]
    migrations = read_migrations([path for path in paths if path.parent.name == "migrations"])
    queries = read_queries([path for path in paths if path.parent.name == "queries"])
    scripts = {
        path.stem: code(path.read_text("utf-8").splitlines())
        for path in paths
        if path.parent.name not in ("migrations", "queries")
    }
    pathlib.Path(header_path).write_text(header(scripts, queries), "utf-8")
    pathlib.Path(source_path).write_text(source(scripts, migrations, queries), "utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: embed.py SOURCE HEADER FILE...")
    try:
        main(*sys.argv[1:])
    except (OSError, SqlError) as error:
        sys.exit(f"embed.py: {error}")
