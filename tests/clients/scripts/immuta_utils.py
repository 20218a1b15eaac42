"""Drives fh-immuta-utils as a library: authenticate by API key, list, get and update; prints JSON."""

import json
import sys

from fh_immuta_utils.client import ImmutaClient

client = ImmutaClient(base_url=sys.argv[1] + "/", apiKey=sys.argv[2])
sources = client.get_data_source_list()
name = {source["name"]: source["id"] for source in sources["hits"]}
id = name[sys.argv[3]]
tag = {"rootTag": {"name": "phi", "deleteHierarchy": False}, "tags": [{"name": "phi.ssn"}]}
# The second is answered that it overlaps, which the client takes for done.
created = [client.create_tag(tag), client.create_tag(tag)]
before = client.get_data_source_dictionary(id)
# Appended, they would not be sent: the client leaves out what nobody has set.
before.metadata[0].tags = [*before.metadata[0].tags, {"name": "phi.ssn", "source": "curated", "deleted": "False"}]
client.update_data_source_dictionary(id, before)
after = client.get_data_source_dictionary(id)
print(
    json.dumps(
        {
            "count": sources["count"],
            "created": created,
            "tags": after.metadata[0].tags,
            "columns": [column.name for column in after.metadata] == [column.name for column in before.metadata],
            "one": client.get_data_source(id)["id"] == id,
        }
    )
)
