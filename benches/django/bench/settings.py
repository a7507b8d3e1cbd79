"""Settings of the Django site that is measured.

BENCH_LAYER  memory | core | pubsub
BENCH_REDIS  Redis URL
"""

import os

BACKENDS = {
    "memory": "channels.layers.InMemoryChannelLayer",
    "core": "channels_redis.core.RedisChannelLayer",
    "pubsub": "channels_redis.pubsub.RedisPubSubChannelLayer",
}
layer = os.environ.get("BENCH_LAYER", "memory")

SECRET_KEY = "of no use but to this benchmark"
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["channels"]
CHANNEL_LAYERS = {"default": {"BACKEND": BACKENDS[layer]}}
if layer != "memory":
    CHANNEL_LAYERS["default"]["CONFIG"] = {"hosts": [os.environ["BENCH_REDIS"]]}
