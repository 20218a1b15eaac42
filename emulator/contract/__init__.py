"""Reading contracts/: operations, schemas, evidence, and holding calls and replies to them."""
