"""Drives fh-immuta-utils as a library: tags, disables, restores and removes a data source; prints JSON."""

import json
import sys

from fh_immuta_utils.client import ImmutaClient

client = ImmutaClient(base_url=sys.argv[1] + "/", apiKey=sys.argv[2])
id = client.get_data_source(name=sys.argv[3])["id"]
deleted = []
tagged = client.tag_data_source(id, [{"name": "PII", "source": "curated"}])
tags = client.get_data_source(id)["tags"]
client.disable_data_source(name=sys.argv[3])
deleted.append(client.get_data_source(id)["deleted"])
client.restore_data_source(id)
deleted.append(client.get_data_source(id)["deleted"])
removed = [client.delete_data_source(id), client.delete_data_source(id)]
left = [source["id"] for source in client.get_data_source_list()["hits"]]
print(json.dumps({"tagged": tagged, "tags": tags, "deleted": deleted, "removed": removed, "left": left}))
