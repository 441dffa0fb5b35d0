"""Opens the source of each format; what reads a format is imported when an input has it."""

from __future__ import annotations

from contextlib import AbstractContextManager

from batchctl.desired.inputs.opening import Opened, Opener, Opening


def opened(opening: Opening) -> AbstractContextManager[Opened]:
    """The source of an input. Raises SourceFailed, now or on entering."""
    return _opener(opening)(opening)


def _opener(opening: Opening) -> Opener:
    match opening.file.format:
        case "rows":
            from batchctl.desired.inputs.inline_rows import open_inline

            return open_inline
        case "parquet":
            from batchctl.desired.inputs.parquet_rows import open_parquet

            return open_parquet
        case "excel":
            from batchctl.desired.inputs.excel_rows import open_excel

            return open_excel
        case "sqlite":
            from batchctl.desired.inputs.sqlite_rows import open_sqlite

            return open_sqlite
        case "duckdb":
            from batchctl.desired.inputs.duckdb_rows import open_duckdb

            return open_duckdb
        case "query":
            from batchctl.desired.inputs.duckdb_rows import open_query

            return open_query
        case "text":
            from batchctl.desired.inputs.file_rows import open_text

            return open_text
        case "image":
            from batchctl.desired.inputs.file_rows import open_image

            return open_image
        case "file":
            from batchctl.desired.inputs.file_rows import open_file

            return open_file
        case _:
            from batchctl.desired.inputs.streamed import open_streamed

            return open_streamed
