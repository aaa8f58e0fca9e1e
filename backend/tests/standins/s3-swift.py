"""
OpenStack Swift, a real object store that speaks S3, in one process: proxy (with its s3api and tempauth), account,
container and object server, each on a port of its own on loopback. Objects are kept in memory, listings in FOLDER.

    python3 s3-swift.py FOLDER ACCESS_KEY SECRET_KEY

The access key is `account:user`. Prints `listening on PORT` when it may be asked.
"""
import os
import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402
from swift.account.server import AccountController  # noqa: E402
from swift.common.http_protocol import SwiftHttpProtocol  # noqa: E402
from swift.common.ring import RingBuilder  # noqa: E402
from swift.common.storage_policy import reload_storage_policies  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402
from swift.common import utils  # noqa: E402
from swift.container.server import ContainerController  # noqa: E402
from swift.obj.mem_server import ObjectController  # noqa: E402

LOOPBACK = "127.0.0.1"
DEVICE = "disk"

PROXY = """
[DEFAULT]
swift_dir = {folder}
[pipeline:main]
pipeline = catch_errors listing_formats s3api tempauth slo dlo proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
check_bucket_owner = false
[filter:tempauth]
use = egg:swift#tempauth
user_{account}_{user} = {secret} .admin
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:proxy-logging]
use = egg:swift#proxy_logging
"""


class Cache:
    """Stands where memcached would: the proxy will not work without one."""

    def __init__(self):
        self.values = {}

    def get(self, key, **_):
        return self.values.get(key)

    def set(self, key, value, **_):
        self.values[key] = value

    def incr(self, key, delta=1, **_):
        self.values[key] = self.values.get(key, 0) + delta
        return self.values[key]

    def delete(self, key, *_, **__):
        self.values.pop(key, None)


def with_cache(app):
    cache = Cache()

    def run(env, start_response):
        env["swift.cache"] = cache
        return app(env, start_response)

    return run


def main(folder, access_key, secret):
    with open(os.path.join(folder, "swift.conf"), "w") as file:
        file.write("[swift-hash]\nswift_hash_path_suffix = nightjar\n")
    utils.SWIFT_CONF_FILE = os.path.join(folder, "swift.conf")
    utils.validate_hash_conf()
    os.makedirs(os.path.join(folder, "devices", DEVICE))
    reload_storage_policies()
    conf = {"devices": os.path.join(folder, "devices"), "swift_dir": folder, "mount_check": "false"}
    for name, controller in (("account", AccountController), ("container", ContainerController), ("object", ObjectController)):
        socket = eventlet.listen((LOOPBACK, 0))
        write_ring(folder, name, socket.getsockname()[1])
        eventlet.spawn(serve, socket, controller(conf))
    account, user = access_key.split(":")
    path = os.path.join(folder, "proxy-server.conf")
    with open(path, "w") as file:
        file.write(PROXY.format(folder=folder, account=account, user=user, secret=secret))
    socket = eventlet.listen((LOOPBACK, 0))
    print("listening on %d" % socket.getsockname()[1], flush=True)
    serve(socket, with_cache(loadapp(path)))


def serve(socket, app):
    wsgi.server(socket, app, log_output=False, protocol=SwiftHttpProtocol)


def write_ring(folder, name, port):
    builder = RingBuilder(2, 1, 0)
    builder.add_dev({"region": 1, "zone": 1, "weight": 1, "ip": LOOPBACK, "port": port, "device": DEVICE})
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, name + ".ring.gz"))


if __name__ == "__main__":
    main(*sys.argv[1:])
