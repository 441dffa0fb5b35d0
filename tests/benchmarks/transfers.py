"""Uploads or downloads as batchctl makes them. Arguments: up, down, or together (uploads, all at once); base URL, file,
how many."""

from __future__ import annotations

import sys
from pathlib import Path

from batchctl.act.uploading import Uploads
from batchctl.remote.download import download
from batchctl.remote.http import Http
from batchctl.remote.provider import Provider
from batchctl.words.dialects import DIALECTS
from batchctl.words.remote import Coordinates

way, base, name, times = sys.argv[1:]
path, http = Path(name), Http(base_url=base, headers={})
provider = Provider(Coordinates("openai", "openai", base), DIALECTS["openai"], http)
if way == "together":
    uploads = Uploads()
    for number in range(int(times)):
        uploads.begin(str(number), provider, path, "batch.jsonl")
    for number in range(int(times)):
        uploads.file_id(str(number), lambda sent: None)
    sys.exit()
for _ in range(int(times)):
    if way == "up":
        provider.upload(path, "batch.jsonl")
    else:
        path.unlink(missing_ok=True)
        download(http, "file-1", path)
