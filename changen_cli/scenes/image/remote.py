"""What GDAL may fetch, and how: addresses are asked only where the user has named one.

A file of this machine that names addresses (a VRT may) gets nothing from them. A raster that is named by its URL is
read in ranges; what may lie beside it is not looked for, since that would cost a request for every name.
"""

from __future__ import annotations

import os
import re
from urllib.parse import urlsplit

_NETWORK = re.compile(r"://|/vsi(?:curl|s3|gs|az|adls|oss|swift|hdfs|webhdfs)(?:_streaming)?[/?]")

NOWHERE = {"CPL_VSIL_CURL_ALLOWED_FILENAME": "nothing"}
"""The only address that may be asked for, which is none; it holds for all of GDAL's network file systems."""


def network_settings(path: str) -> dict[str, str]:
    """Returns GDAL's settings for a raster: no network for a file, and for a URL what reads it well.

    GDAL knows ``AWS_ACCESS_KEY_ID`` and the like itself, but not ``AWS_ENDPOINT_URL``, which is turned into its own.

    Args:
        path: A path, ``/vsi...`` path or URL.
    """
    if not _NETWORK.search(path):
        return dict(NOWHERE)
    settings = {
        "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
        "GDAL_HTTP_MAX_RETRY": "4",
        "GDAL_HTTP_RETRY_DELAY": "0.5",
        "GDAL_HTTP_CONNECTTIMEOUT": "20",
        "GDAL_HTTP_LOW_SPEED_TIME": "60",
        "GDAL_HTTP_LOW_SPEED_LIMIT": "1",
    }
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint and "AWS_S3_ENDPOINT" not in os.environ:
        url = urlsplit(endpoint)
        settings |= {
            "AWS_S3_ENDPOINT": url.netloc + url.path.rstrip("/"),
            "AWS_HTTPS": "NO" if url.scheme == "http" else "YES",
            "AWS_VIRTUAL_HOSTING": "FALSE",
        }
    return {name: value for name, value in settings.items() if name not in os.environ}
